import Foundation
import OAuthServer
import Observability
import Testing

@testable import Application

@Suite struct AuditTrailTests {
    private let folder: TestFolder
    private let registry = MetricsRegistry(shards: 1)

    init() throws { folder = try TestFolder() }

    @Test func `events go where the configuration says, from when it says so`() throws {
        let standardOutput = try LogWriter(.file(path("stdout")), channels: 1)
        let trail = makeTrail(standardOutput)
        trail.record(AuditEvent(.login, user: "off"))
        try trail.use(.file(path: path("audit")))
        trail.record(AuditEvent(.login, user: "file"))
        try trail.use(.standardOutput)
        trail.record(AuditEvent(.login, user: "stdout"))
        try trail.use(.file(path: path("audit2")))
        trail.record(AuditEvent(.login, user: "file2"))
        trail.close()
        trail.record(AuditEvent(.login, user: "closed"))
        standardOutput.close()
        #expect(try users("audit") == ["file"])
        #expect(try users("stdout") == ["stdout"])
        #expect(try users("audit2") == ["file2"])
    }

    @Test func `a file that can't be opened leaves everything as it was`() throws {
        let standardOutput = try LogWriter(.file(path("stdout")), channels: 1)
        let trail = makeTrail(standardOutput)
        try trail.use(.file(path: path("audit")))
        #expect(throws: LogError.self) { try trail.use(.file(path: path("missing/audit"))) }
        trail.record(AuditEvent(.login, user: "alice"))
        trail.close()
        standardOutput.close()
        #expect(try users("audit") == ["alice"])
    }

    @Test func `the same file again is opened anew`() throws {
        let standardOutput = try LogWriter(.file(path("stdout")), channels: 1)
        let trail = makeTrail(standardOutput)
        try trail.use(.file(path: path("audit")))
        try FileManager.default.moveItem(atPath: path("audit"), toPath: path("audit.1"))
        try trail.use(.file(path: path("audit")))
        while !FileManager.default.fileExists(atPath: path("audit")) { usleep(1000) }
        trail.record(AuditEvent(.logout, user: "alice"))
        trail.close()
        standardOutput.close()
        #expect(try users("audit") == ["alice"])
    }

    @Test func `what a file does not take is counted, from one file to the next`() throws {
        let standardOutput = try LogWriter(.file(path("stdout")), channels: 1)
        let trail = makeTrail(standardOutput)
        for destination in ["/dev/full", path("audit")] {
            try trail.use(.file(path: destination))
            trail.record(AuditEvent(.login))
        }
        trail.close()
        standardOutput.close()
        #expect(trail.lostLines == 1)
    }

    @Test func `log-ins are counted by what came of them`() throws {
        let standardOutput = try LogWriter(.file(path("stdout")), channels: 1)
        let trail = makeTrail(standardOutput)
        for kind in [AuditEvent.Kind.login, .loginFailed, .loginFailed, .loginThrottled, .logout] {
            trail.record(AuditEvent(kind))
        }
        standardOutput.close()
        let counts = ["succeeded", "failed", "throttled", "busy"].map { outcome in
            let labels = [MetricLabel("outcome", outcome)]
            return registry.value(of: registry.counter("gatehouse_logins_total", help: "", labels: labels))
        }
        #expect(counts == [1, 2, 1, 0])
    }

    private func makeTrail(_ standardOutput: LogWriter) -> AuditTrail {
        AuditTrail(
            metrics: registry.authorizationMetrics(grantTypes: []),
            standardOutput: standardOutput.channel(0),
            clock: { 0 }
        )
    }

    private func path(_ name: String) -> String { folder.path + "/" + name }

    private func users(_ name: String) throws -> [String] {
        let text = try String(contentsOfFile: path(name), encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
            return try #require(object?["user"])
        }
    }
}
