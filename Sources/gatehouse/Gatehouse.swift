import Application
import ArgumentParser
import Dispatch

@main
struct Gatehouse: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehouse",
        abstract: "A gateway that puts OAuth in front of HTTP APIs that know nothing of it.",
        discussion: """
            Begin with `gatehouse demo`, or with `gatehouse init` and `gatehouse serve`.

            Ends with 0 when it is done, 1 when what was asked about is bad (a configuration, a token), 64 when the command \
            line is wrong.
            """,
        version: Version.current,
        subcommands: [
            InitCommand.self, Serve.self, DemoCommand.self, Check.self, Routes.self, Explain.self, User.self,
            Client.self, Grant.self, Token.self, Key.self, Schema.self,
        ]
    )

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let mistake = UsageMistake(arguments, of: Gatehouse.self) { mistake.exit() }
        do {
            var command = try parseAsRoot(arguments)
            guard let asynchronous = command as? any AsyncParsableCommand else { return try command.run() }
            run(asynchronous)
        } catch {
            exit(withError: error)
        }
    }

    /// Runs a command that waits for the storage; the main thread is the process's run loop.
    private static func run(_ command: sending any AsyncParsableCommand) -> Never {
        Task {
            var command = command
            do {
                try await command.run()
                exit()
            } catch {
                exit(withError: error)
            }
        }
        dispatchMain()
    }
}
