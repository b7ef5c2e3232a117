import Application
import ArgumentParser

struct User: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add, list and change the users who can sign in.",
        discussion: "A running gateway notices a change within two seconds.",
        subcommands: [
            Add.self, List.self, Show.self, SetPassword.self, Disable.self, Enable.self, Remove.self,
        ]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a user.",
            discussion: """
                The password is read from the terminal, without echo, or from a file; never from the command line, which \
                other users of this machine can see.
                """
        )

        @Argument(help: "The name to sign in with.")
        var user: String

        @Option(help: "The user's e-mail address, for the scope email.")
        var email: String?

        @Option(help: ArgumentHelp("The user's full name, for the scope profile.", valueName: "full name"))
        var name: String?

        @Option(help: ArgumentHelp("Restricted scopes that this user may allow.", valueName: "scopes"))
        var scope: String?

        @OptionGroup var password: PasswordOptions
        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let new = NewUser(
                name: user,
                email: email,
                fullName: name,
                restrictedScopes: (scope ?? "").split(separator: " ").map(String.init)
            )
            let added = try await Failure.awaited {
                try await UserCommands(configuration.file, now: SystemClock.unixTime())
                    .add(new, password: password.read)
            }
            Output.lines(output.json ? [added.singleJSON] : added.lines)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the users.")

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let users = try await Failure.awaited {
                try await UserCommands(configuration.file, now: SystemClock.unixTime()).list()
            }
            Output.lines(output.json ? [users.json] : users.lines)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a user, where they are signed in and what they have allowed."
        )

        @Argument(help: "The user's name.")
        var user: String

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let details = try await Failure.awaited {
                try await UserCommands(configuration.file, now: SystemClock.unixTime()).show(user)
            }
            Output.lines(output.json ? [details.json] : details.lines)
        }
    }

    struct SetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "password",
            abstract: "Set a user's password, which ends their browser sessions."
        )

        @Argument(help: "The user's name.")
        var user: String

        @OptionGroup var password: PasswordOptions
        @OptionGroup var configuration: ConfigurationOptions

        func run() async throws {
            try await Failure.awaited {
                try await UserCommands(configuration.file, now: SystemClock.unixTime())
                    .setPassword(of: user, password: password.read)
            }
            Output.lines(["changed: \(CommandText.printable(user)) has to sign in again everywhere"])
        }
    }
}

extension User {
    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keep a user out: no log-in, and all of their tokens are refused."
        )

        @Argument(help: "The user's name.")
        var user: String

        @OptionGroup var configuration: ConfigurationOptions

        func run() async throws {
            try await Failure.awaited {
                try await UserCommands(configuration.file, now: SystemClock.unixTime())
                    .setDisabled(true, user: user)
            }
            Output.lines(["disabled: tokens of \(CommandText.printable(user)) are refused from now on"])
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a disabled user in again.")

        @Argument(help: "The user's name.")
        var user: String

        @OptionGroup var configuration: ConfigurationOptions

        func run() async throws {
            try await Failure.awaited {
                try await UserCommands(configuration.file, now: SystemClock.unixTime())
                    .setDisabled(false, user: user)
            }
            Output.lines(["enabled: \(CommandText.printable(user)) can sign in; what they had allowed has ended"])
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a user, with their sessions and everything that they allowed."
        )

        @Argument(help: "The user's name.")
        var user: String

        @OptionGroup var configuration: ConfigurationOptions

        func run() async throws {
            try await Failure.awaited {
                try await UserCommands(configuration.file, now: SystemClock.unixTime()).remove(user)
            }
            Output.lines(["removed: tokens of \(CommandText.printable(user)) are refused from now on"])
        }
    }
}
