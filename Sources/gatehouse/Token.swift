import Application
import ArgumentParser

struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Issue, inspect and revoke access tokens.",
        subcommands: [Issue.self, Inspect.self, Revoke.self]
    )

    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a signed access token, for scripts and smoke tests.",
            discussion: """
                Needs no running gateway, and no consent; `gatehouse grant list` shows it. Whoever can read the storage and its encryption key can do this: keep them safe.

                Example:
                  TOKEN=$(gatehouse token issue --user ada --scope notes:read)
                  curl -H "Authorization: Bearer $TOKEN" …
                """
        )

        @Option(help: "The user that the token speaks for; any name but that of a disabled user.")
        var user: String

        @Option(help: ArgumentHelp("The scopes, with spaces between them.", valueName: "scopes"))
        var scope: String

        @Option(help: "The client that the token is said to be for.")
        var client = TokenIssuance.defaultClient

        @Option(help: ArgumentHelp("The URI of a protected resource instead of the issuer.", valueName: "uri"))
        var resource: String?

        @Option(help: "How long it is good, such as 10m. Default: access_token.lifetime.")
        var lifetime: String?

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let issued = try await Failure.awaited {
                try await IssuedToken(
                    TokenIssuance(
                        user: user,
                        scopes: scope.split(separator: " ").map(String.init),
                        client: client,
                        resource: resource,
                        lifetime: try lifetime.map(TokenIssuance.seconds)
                    ),
                    configuration.file,
                    now: SystemClock.unixTime()
                )
            }
            Output.lines([output.json ? issued.json : issued.token])
        }
    }

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decode a token, verify it, and say why it would be refused.",
            discussion: """
                Shows the header, the claims with their times, and the routes that the token opens. A token on the command \
                line can be seen by other users of this machine; standard input cannot.

                Ends with 0 for a token that would be taken, otherwise with 1.
                """
        )

        @Argument(help: "The token; - or nothing reads it from standard input.")
        var token: String?

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let text = try TokenArgument.read(token)
            let now = SystemClock.unixTime()
            let (inspection, note) = try Failure.reported {
                let gateway = try OfflineGateway(configuration.file, now: now)
                return (TokenInspection(text, gateway, now: now), gateway.note)
            }
            Output.lines(output.json ? [inspection.json] : inspection.lines(note: note))
            if !inspection.isGood { throw ExitCode(1) }
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End one token before its time.",
            discussion: """
                A running gateway refuses it within two seconds and closes its open streams. A token on the command line can \
                be seen by other users of this machine; standard input cannot.
                """
        )

        @Argument(help: "The token; - or nothing reads it from standard input.")
        var token: String?

        @OptionGroup var configuration: ConfigurationOptions

        func run() throws {
            let text = try TokenArgument.read(token)
            let now = SystemClock.unixTime()
            let outcome = try Failure.reported {
                try TokenRevocation.revoke(text, OfflineGateway(configuration.file, now: now), now: now)
            }
            Output.lines([outcome.text])
        }
    }
}

/// A token as it is given to a command.
enum TokenArgument {
    /// The argument, or the first line of standard input.
    static func read(_ argument: String?) throws -> String {
        var text = argument ?? "-"
        if text == "-" { text = readLine() ?? "" }
        text = CommandText.trimmed(text)
        guard !text.isEmpty else { throw ValidationError("There is no token on standard input.") }
        return text
    }
}
