import Application
import ArgumentParser
import Observability

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run the gateway with a built-in sample API behind it, and print what to try."
    )

    @Option(
        help: ArgumentHelp(
            "The configuration; its upstreams are replaced by the sample API.",
            discussion: "Without it: gateway.json in the current folder, or the built-in one where there is none."
        )
    )
    var config: String?

    @Option(help: "The port to listen on instead of the configured one; 0 for any free one.")
    var port: UInt16?

    func run() async throws {
        ProcessSignals.prepareProcess()
        let diagnostics = DiagnosticLog(level: .warning)
        diagnostics.bootstrap()
        let demo = try Failure.reported { try Demo(path: config, port: port, diagnostics: diagnostics) }
        let signals = ProcessSignals(demo.server)
        Output.lines(try await Failure.awaited { try await demo.start() })
        // Signals end the process; nothing resumes this.
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
        withExtendedLifetime((demo, signals)) {}
    }
}
