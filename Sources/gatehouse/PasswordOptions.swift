import Application
import ArgumentParser
import Glibc

/// Where a new password comes from.
struct PasswordOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file whose first line is the password; - is standard input. Default: asked for on the terminal.",
            valueName: "file"
        )
    )
    var passwordFile: String?

    /// Reads the password; from the terminal twice.
    func read() throws(ApplicationError) -> NewPassword {
        if let passwordFile { return try NewPassword(file: passwordFile) }
        guard let terminal = Terminal() else {
            throw .setup("there is no terminal to read the password from: use --password-file")
        }
        let password = try terminal.readHidden("Password: ")
        guard try terminal.readHidden("Again: ") == password else { throw .setup("the two passwords differ") }
        return try NewPassword(password)
    }
}

/// The terminal that the process was started from, even where standard input is something else.
private final class Terminal {
    private let descriptor: Int32

    init?() {
        descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// A line that is not shown while it is typed.
    ///
    /// - Throws: `ApplicationError.setup` for Ctrl-C. It comes as a character: as a signal it would end the process and
    ///   leave a terminal that shows nothing.
    func readHidden(_ prompt: String) throws(ApplicationError) -> [UInt8] {
        var settings = termios()
        let hasSettings = tcgetattr(descriptor, &settings) == 0
        var hidden = settings
        hidden.c_lflag &= ~tcflag_t(ECHO | ISIG)
        // VEOL: a character that ends a line, like a line feed.
        hidden.c_cc.11 = Self.interrupt
        if hasSettings { tcsetattr(descriptor, TCSAFLUSH, &hidden) }
        defer {
            if hasSettings { tcsetattr(descriptor, TCSAFLUSH, &settings) }
            show("\n")
        }
        show(prompt)
        let line = readLine()
        guard !line.contains(Self.interrupt) else { throw .setup("cancelled") }
        return line
    }

    private static let interrupt: UInt8 = 0x03

    private func show(_ text: String) {
        var text = text
        text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
    }

    private func readLine() -> [UInt8] {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count <= NewPassword.longest {
            let count = Glibc.read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != 0x0A, byte != 0x0D else { break }
            line.append(byte)
            if byte == Self.interrupt { break }
        }
        return line
    }
}
