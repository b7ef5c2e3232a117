import Application
import ArgumentParser

@main
struct Gatehouse: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehouse",
        abstract: "A gateway that puts OAuth in front of HTTP APIs that know nothing of it.",
        discussion: "Begin with `gatehouse demo`, or write a gateway.json and run `gatehouse check`.",
        version: Version.current,
        subcommands: [Serve.self, DemoCommand.self]
    )
}
