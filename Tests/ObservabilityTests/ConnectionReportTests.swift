import Testing

@testable import Observability

@Suite
struct ConnectionReportTests {
    @Test
    func `what the loops counted is added up, and never below zero`() {
        let registry = MetricsRegistry(shards: 2)
        let old = registry.gauge(MetricName.connections, help: "", labels: [MetricLabel("protocol", "HTTP/1.1")])
        let new = registry.gauge(MetricName.connections, help: "", labels: [MetricLabel("protocol", "HTTP/2")])
        let streams = registry.gauge(MetricName.streams, help: "")
        registry.shard(0).adjust(old, by: 3)
        registry.shard(1).adjust(old, by: -1)
        registry.shard(0).adjust(new, by: -1)
        registry.shard(1).adjust(streams, by: 7)
        let report = registry.connectionReport()
        #expect(report.protocols.map(\.name) == ["HTTP/1.1", "HTTP/2"])
        #expect(report.protocols.map(\.connections) == [2, 0])
        #expect(report.streams == 7)
        #expect(report.tunnels == 0)
    }

    @Test
    func `only what has happened is told of abuse`() {
        let registry = MetricsRegistry(shards: 1)
        let reset = registry.counter(MetricName.abuse, help: "", labels: [MetricLabel("reason", "rapid_reset")])
        _ = registry.counter(MetricName.abuse, help: "", labels: [MetricLabel("reason", "ping_flood")])
        registry.shard(0).increment(reset, by: 2)
        let abuse = registry.connectionReport().abuse
        #expect(abuse.map(\.reason) == ["rapid_reset"])
        #expect(abuse.map(\.count) == [2])
    }
}
