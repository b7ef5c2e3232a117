import Application
import ArgumentParser

struct Routes: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print who may do what where: the routes as an access matrix.",
        discussion: """
            The most specific route comes first, as it wins. NEEDS names the scopes, with + where all of them and with | \
            where one of them is needed, or the access; WHO CAN says whose tokens can hold them.
            """
    )

    @Argument(help: "The configuration.")
    var config = "gateway.json"

    @OptionGroup var output: OutputOptions

    func run() throws {
        let matrix = try Failure.reported { try AccessMatrix(ConfigurationFile(path: config)) }
        Output.lines(output.json ? [matrix.json] : matrix.lines)
    }
}
