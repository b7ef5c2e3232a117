import Application
import ArgumentParser

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what would become of a request, and why.",
        discussion: """
            Shows which route matches, every check in order with its time and values, and then either the head that would go \
            upstream or the exact answer. The code that decides about requests makes the explanation. Nothing is sent, and \
            the gateway need not run.

            Ends with 0 if the request would be let through, otherwise with 1.

            Example: gatehouse explain POST https://localhost:8443/notes -H 'Accept: text/plain' --token-file token
            """
    )

    @Argument(help: "The method, such as GET.")
    var method: String

    @Argument(help: "The URL; a path alone is on the issuer's host.")
    var url: String

    @Option(name: [.customShort("H"), .long], help: ArgumentHelp("A field of the request.", valueName: "name: value"))
    var header: [String] = []

    @Option(help: "A token to send as Authorization: Bearer; other users of this machine can see it.")
    var token: String?

    @Option(help: ArgumentHelp("A file with the token; - for standard input.", valueName: "file"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("The client's address.", valueName: "address"))
    var from = "127.0.0.1"

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard token == nil || tokenFile == nil else {
            throw ValidationError("Give the token by --token or by --token-file, not by both.")
        }
    }

    func run() throws {
        let explanation = try Failure.reported {
            let request = try RequestText(method: method, url: url, fields: header, token: try sentToken())
            let now = SystemClock.unixTime()
            return RequestExplanation(request, from: from, try OfflineGateway(configuration.file, now: now), now: now)
        }
        Output.lines(output.json ? [explanation.json] : explanation.lines)
        if !explanation.isAllowed { throw ExitCode(1) }
    }

    private func sentToken() throws -> String? {
        if tokenFile == "-" { return try TokenArgument.read(nil) }
        guard let tokenFile else { return token }
        return CommandText.trimmed(String(decoding: try Files.read(tokenFile), as: UTF8.self))
    }
}
