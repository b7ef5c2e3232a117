import Application
import ArgumentParser

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Set up a gateway in front of one API: configuration, keys, storage, a first user and client.",
        discussion: """
            Writes a commented gateway.json and its schema in the current folder, makes the storage with signing keys, adds a \
            user and a client, and prints how to go on. It changes nothing that is there already.

            Example: gatehouse init --upstream http://127.0.0.1:9000
            """
    )

    @Option(help: ArgumentHelp("The URL of the API that the gateway will stand in front of.", valueName: "url"))
    var upstream: String

    @Option(help: ArgumentHelp("The URL by which the gateway will be known.", valueName: "url"))
    var issuer = "https://localhost:8443"

    @Option(help: "The name of the first user.")
    var user = "admin"

    @Option(
        help: ArgumentHelp(
            "A file whose first line is that user's password; - is standard input. Default: one is made and shown once.",
            valueName: "file"
        )
    )
    var passwordFile: String?

    @Option(help: ArgumentHelp("The configuration to write.", valueName: "file"))
    var config = "gateway.json"

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let result = try await Failure.awaited {
            try await Initialization(
                ConfigurationFile(path: config),
                upstream: upstream,
                issuer: issuer,
                userName: user,
                password: passwordFile.map(NewPassword.init(file:)),
                now: SystemClock.unixTime()
            ).run()
        }
        Output.lines(output.json ? [result.json] : result.lines)
    }
}
