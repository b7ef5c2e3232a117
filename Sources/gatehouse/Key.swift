import Application
import ArgumentParser

struct Key: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, rotate and remove the gateway's own signing keys.",
        discussion: "A running gateway notices a change within two seconds.",
        subcommands: [List.self, Rotate.self, Remove.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the signing keys.",
            discussion: """
                `next` is published and will sign, `active` signs, `retired` only verifies until its last token has expired.
                """
        )

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let keys = try Failure.reported {
                try SigningKeyCommands(configuration.file, now: SystemClock.unixTime()).list()
            }
            Output.lines(output.json ? [keys.json] : keys.lines)
        }
    }

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Publish the next signing keys now.",
            discussion: """
                Each signs after an hour, when everybody who caches the key set has seen it, and the key before it goes when \
                its last token has expired: nobody has to sign in again. The gateway does this by itself every \
                `authorization_server.signing.rotate_every`.
                """
        )

        @Option(help: "Only the key for this algorithm, ES256 or RS256.")
        var algorithm: String?

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let keys = try Failure.reported {
                try SigningKeyCommands(configuration.file, now: SystemClock.unixTime()).rotate(algorithm)
            }
            Output.lines(output.json ? [keys.json] : keys.lines)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a signing key at once, because it may be known to others.",
            discussion: """
                Every token that it signed is refused from then on. If it was the one that signs, the next one takes over, \
                or a new one is made. To replace a key without harm, use `gatehouse key rotate`.
                """
        )

        @Argument(help: "The key's id, as `gatehouse key list` shows it.")
        var key: String

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let successors = try Failure.reported {
                try SigningKeyCommands(configuration.file, now: SystemClock.unixTime()).remove(key)
            }
            if output.json { return Output.lines([successors.json]) }
            Output.lines(["removed: tokens of the key \(key) are refused from now on"])
            if !successors.isEmpty { Output.lines(["instead of it:"] + successors.lines) }
        }
    }
}
