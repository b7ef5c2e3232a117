import Application
import ArgumentParser

/// How a command prints its data.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false
}

/// The configuration of commands that take no CONFIG argument.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The configuration, which names the storage.", valueName: "file"))
    var config = "gateway.json"

    var file: ConfigurationFile { ConfigurationFile(path: config) }
}
