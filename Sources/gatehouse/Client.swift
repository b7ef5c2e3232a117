import Application
import ArgumentParser

struct Client: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Register, list and remove the programs that may ask for tokens.",
        discussion: """
            Clients can stand in the configuration too (`authorization_server.clients`); those are listed here and changed \
            there. A running gateway notices a change within two seconds.
            """,
        subcommands: [Add.self, List.self, Show.self, RotateSecret.self, Remove.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Register a client.",
            discussion: """
                Its secret is shown once and stored only hashed. With --json the answer is the RFC 7591 document.

                A program that acts for users:
                  gatehouse client add --name "Notes" --scope "openid notes:read" \\
                    --redirect-uri https://notes.example/callback \\
                    --grant-type authorization_code --grant-type refresh_token
                One on the user's own machine, which can keep no secret:
                  gatehouse client add --name "Notes CLI" --scope notes:read --public \\
                    --redirect-uri http://127.0.0.1/callback
                One that acts for itself:
                  gatehouse client add --name "Nightly export" --scope notes:read
                """
        )

        @Option(help: "What users know it by.")
        var name: String

        @Option(help: ArgumentHelp("What it calls itself. Default: a random one.", valueName: "id"))
        var clientId: String?

        @Option(
            help: ArgumentHelp(
                "Where its users come back to, compared byte for byte; may be repeated.",
                valueName: "uri"
            )
        )
        var redirectUri: [String] = []

        @Option(help: ArgumentHelp("Where its users may come back to when they have signed out.", valueName: "uri"))
        var postLogoutRedirectUri: [String] = []

        @Option(help: ArgumentHelp("What it may ask for, with spaces between the names.", valueName: "scopes"))
        var scope: String?

        @Option(help: ArgumentHelp("Those of --scope that a user can't untick.", valueName: "scopes"))
        var requiredScope: String?

        @Flag(
            name: .customLong("public"),
            help: "It can keep no secret: it runs in a browser, on a phone or a desktop."
        )
        var isPublic = false

        @Flag(help: "It may ask about the tokens of all clients (RFC 7662), as an API would.")
        var introspect = false

        @Option(
            help: ArgumentHelp(
                "authorization_code, refresh_token or client_credentials; may be repeated.",
                discussion: "Default: authorization_code for a client with redirect URIs, else client_credentials.",
                valueName: "type"
            )
        )
        var grantType: [String] = []

        @Option(
            help: ArgumentHelp(
                "How it proves who it is: client_secret_basic or client_secret_post.",
                valueName: "method"
            )
        )
        var authMethod: String?

        @Option(help: ArgumentHelp("What its ID tokens are signed with: RS256 or ES256.", valueName: "algorithm"))
        var idTokenAlg: String?

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if isPublic, let authMethod, authMethod != "none" {
                throw ValidationError("--public and --auth-method \(authMethod) exclude each other.")
            }
        }

        func run() async throws {
            let client = try await Failure.awaited {
                try await ClientCommands(configuration.file, now: SystemClock.unixTime()).add(new)
            }
            Output.lines(output.json ? [client.json] : client.lines)
        }

        private var new: NewClient {
            var new = NewClient(id: clientId, name: name)
            new.redirectURIs = redirectUri
            new.postLogoutRedirectURIs = postLogoutRedirectUri
            new.scope = scope
            new.requiredScope = requiredScope
            new.grantTypes = grantType.isEmpty ? nil : grantType
            new.authenticationMethod = authMethod
            new.isPublic = isPublic
            new.mayIntrospect = introspect
            new.idTokenAlgorithm = idTokenAlg
            return new
        }
    }
}

extension Client {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the clients, those of the configuration too.")

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let clients = try await Failure.awaited {
                try await ClientCommands(configuration.file, now: SystemClock.unixTime()).list()
            }
            Output.lines(output.json ? [clients.json] : clients.lines)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a client.")

        @Argument(help: "The client's id.")
        var client: String

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let shown = try await Failure.awaited {
                try await ClientCommands(configuration.file, now: SystemClock.unixTime()).show(client)
            }
            Output.lines(output.json ? [shown.json] : shown.lines)
        }
    }

    struct RotateSecret: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a client another secret; the one before is refused from then on.",
            discussion: "The secret is shown once and stored only hashed. What users have allowed goes on."
        )

        @Argument(help: "The client's id.")
        var client: String

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let changed = try await Failure.awaited {
                try await ClientCommands(configuration.file, now: SystemClock.unixTime()).rotateSecret(client)
            }
            Output.lines(output.json ? [changed.json] : changed.lines)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a client, with everything that users have allowed it."
        )

        @Argument(help: "The client's id.")
        var client: String

        @OptionGroup var configuration: ConfigurationOptions

        func run() async throws {
            try await Failure.awaited {
                try await ClientCommands(configuration.file, now: SystemClock.unixTime()).remove(client)
            }
            Output.lines(["removed: tokens of the client \(CommandText.printable(client)) are refused from now on"])
        }
    }
}
