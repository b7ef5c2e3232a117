import Application
import ArgumentParser

struct Grant: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List who has allowed what to whom, and take it back.",
        discussion: "A running gateway notices a change within two seconds.",
        subcommands: [List.self, Revoke.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the grants: who has allowed what to which client.",
            discussion: "A client that acts for itself, and `gatehouse token issue`, make grants too."
        )

        @Option(help: "Only those of this user.")
        var user: String?

        @Option(help: "Only those of this client.")
        var client: String?

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let grants = try await Failure.awaited {
                try await GrantCommands(configuration.file, now: SystemClock.unixTime())
                    .list(user: user, client: client)
            }
            Output.lines(output.json ? [grants.json] : grants.lines)
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a grant with all of its tokens.",
            discussion: """
                Its access tokens are refused, its refresh tokens too, its open streams are closed, and the user is asked \
                again when the client comes back.
                """
        )

        @Argument(help: "The grant's id, as `gatehouse grant list` shows it.")
        var grant: String?

        @Option(help: "All grants of this user.")
        var user: String?

        @Option(help: "All grants of this client.")
        var client: String?

        @Flag(help: "All grants there are, for example after an old backup was put back.")
        var all = false

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard grant != nil || user != nil || client != nil || all else {
                throw ValidationError("Which grant? Name its id, or --user, --client or both, or --all.")
            }
            guard grant == nil || user == nil && client == nil else {
                throw ValidationError("A grant's id stands alone.")
            }
            guard !all || grant == nil && user == nil && client == nil else {
                throw ValidationError("--all stands alone.")
            }
        }

        func run() async throws {
            let grants = try await Failure.awaited {
                try await GrantCommands(configuration.file, now: SystemClock.unixTime())
                    .revoke(id: grant, user: user, client: client)
            }
            if output.json { return Output.lines([grants.json]) }
            Output.lines(["revoked, with all tokens:"] + grants.lines)
        }
    }
}
