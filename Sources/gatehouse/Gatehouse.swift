import Application
import ArgumentParser

@main
struct Gatehouse: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehouse",
        abstract: "A gateway that puts OAuth in front of HTTP APIs that know nothing of it.",
        discussion: """
            Begin with `gatehouse demo`, or write a gateway.json and run `gatehouse check`.

            Ends with 0 when it is done, 1 when what was asked about is bad (a configuration, a token), 64 when the command \
            line is wrong.
            """,
        version: Version.current,
        subcommands: [
            Serve.self, DemoCommand.self, Check.self, Routes.self, Explain.self, Token.self, Key.self, Schema.self,
        ]
    )

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let mistake = UsageMistake(arguments, of: Gatehouse.self) { mistake.exit() }
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch {
            exit(withError: error)
        }
    }
}
