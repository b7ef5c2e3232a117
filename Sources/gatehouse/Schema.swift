import Application
import ArgumentParser

struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the JSON Schema of the configuration.",
        discussion: """
            Editors use it for completion and checking: save it as gateway.schema.json beside gateway.json, whose member \
            "$schema" points to it.
            """
    )

    func run() {
        Output.lines([ConfigurationSchema.text])
    }
}
