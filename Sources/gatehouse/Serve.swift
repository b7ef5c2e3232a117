import Application
import ArgumentParser
import Dispatch
import Observability

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the gateway.",
        discussion: """
            Reads the configuration again on SIGHUP and when one of its files changes; drains and ends on SIGTERM. \
            Prints `listening on …` for each listener once it accepts.
            """
    )

    @Argument(help: "The configuration.")
    var config = "gateway.json"

    func run() throws {
        ProcessSignals.prepareProcess()
        let diagnostics = DiagnosticLog(level: .info)
        diagnostics.bootstrap()
        let server = try Failure.reported {
            try GatewayServer(file: ConfigurationFile(path: config), diagnostics: diagnostics)
        }
        let signals = ProcessSignals(server)
        Output.lines(try Failure.reported { try server.start() })
        withExtendedLifetime(signals) { dispatchMain() }
    }
}
