import Bytes
import Foundation
import Logging
import Testing

@testable import Observability

@Suite
struct DiagnosticLogTests {
    private func event(_ message: String, _ metadata: Logger.Metadata = [:]) -> LogEvent {
        LogEvent(
            level: .warning,
            message: "\(message)",
            metadata: metadata,
            source: "s",
            file: "f",
            function: "f",
            line: 1
        )
    }

    @Test
    func `an event is one line with its metadata in order`() {
        var line = ByteBuffer()
        DiagnosticLogHandler.append(
            event("reload failed", ["file": "gateway.json", "error": "2 faults"]),
            label: "gatehouse",
            metadata: ["loop": "1"],
            unixMilliseconds: 0,
            to: &line
        )
        #expect(
            line.bytes.text == """
                1970-01-01T00:00:00.000Z warning gatehouse: reload failed error="2 faults" file=gateway.json loop=1

                """
        )
    }

    @Test
    func `what a peer sent cannot begin a line of its own`() {
        var line = ByteBuffer()
        DiagnosticLogHandler.append(
            event("bad name \"a\"\n1970 error fake", ["key": "x\" y=\"\u{1B}[2J"]),
            label: "gatehouse",
            metadata: [:],
            unixMilliseconds: 0,
            to: &line
        )
        let text = line.bytes.text
        #expect(text.hasSuffix("bad name \"a\"\\n1970 error fake key=\"x\\\" y=\\\"\\u001b[2J\"\n"))
        #expect(text.filter { $0 == "\n" }.count == 1)
    }

    @Test
    func `the level can change while it runs and a logger may have its own`() throws {
        let path = NSTemporaryDirectory() + "gatehouse-diagnostics-\(UUID().uuidString)"
        let writer = try LogWriter(.file(path), channels: 1)
        let log = DiagnosticLog(level: .info, channel: writer.channel(0))
        var logger = Logger(label: "t", factory: { DiagnosticLogHandler(label: $0, log: log) })
        logger.debug("one")
        log.minimumLevel = .debug
        logger.debug("two")
        logger.logLevel = .error
        logger.warning("three")
        logger.error("four")
        #expect(writer.close())
        let lines = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
            .split(separator: "\n")
        #expect(lines.map { $0.split(separator: ": ").last } == ["two", "four"])
        try FileManager.default.removeItem(atPath: path)
    }
}
