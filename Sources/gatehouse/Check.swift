import Application
import ArgumentParser

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say everything that is wrong with a configuration.",
        discussion: """
            Lists every error with its JSON Pointer, line and column, what was found, what is allowed and the name that was \
            probably meant, and opens the certificates, keys and key sets that it names. Warns of scopes that no route needs \
            and routes that no client can reach. Makes and changes nothing.

            Ends with 0 if the gateway would serve it, otherwise with 1.
            """
    )

    @Argument(help: "The configuration.")
    var config = "gateway.json"

    @OptionGroup var output: OutputOptions

    func run() throws {
        let check = try Failure.reported { try ConfigurationCheck(ConfigurationFile(path: config)) }
        Output.lines(output.json ? [check.json] : check.lines)
        if !check.isValid { throw ExitCode(1) }
    }
}
