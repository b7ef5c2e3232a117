import Testing

@testable import Observability

@Suite
struct TrafficHistoryTests {
    private let registry = MetricsRegistry(shards: 2)

    @Test
    func `rates are of the last five minutes, and the first of them since the start`() throws {
        let notes = registry.routeMetrics("notes")
        let history = TrafficHistory(registry: registry, unixTime: 0)
        notes.record(status: 200, nanoseconds: 1_000_000, on: registry.shard(0))
        #expect(history.report(unixTime: 30).windowSeconds == 30)
        #expect(history.report(unixTime: 30).all.requests == 1)

        // Minute by minute: as many requests as the minute's number, on both loops.
        for minute in 1...10 {
            for _ in 0..<minute { notes.record(status: 404, nanoseconds: 2_000_000, on: registry.shard(1)) }
            history.sample(unixTime: Int64(minute) * 60)
        }
        let report = history.report(unixTime: 630)
        #expect(report.windowSeconds == 330)
        let flow = try #require(report.routes["notes"])
        #expect(flow.requests == 6 + 7 + 8 + 9 + 10)
        #expect(flow.clientErrors == flow.requests)
        #expect(flow.successful == 0)
        #expect(flow.durations.count == flow.requests)
        #expect(flow.requestsEachMinute == [2, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        #expect(report.all.requestsEachMinute == flow.requestsEachMinute)
        #expect(report.p95EachMinute.allSatisfy { $0 > 1.4 && $0 <= 2 })
    }

    @Test
    func `it keeps an hour and drops what is older`() {
        let history = TrafficHistory(registry: registry, unixTime: 0)
        let notes = registry.routeMetrics("notes")
        for minute in 1...200 {
            notes.record(status: 200, nanoseconds: 1, on: registry.shard(0))
            history.sample(unixTime: Int64(minute) * 60)
        }
        let report = history.report(unixTime: 12_000)
        #expect(report.all.requestsEachMinute == Array(repeating: 1, count: 60))
        #expect(report.windowSeconds == 300)
        #expect(report.all.requests == 5)
    }

    @Test
    func `a route and a server that come with a reload begin at zero`() throws {
        let history = TrafficHistory(registry: registry, unixTime: 0)
        registry.routeMetrics("old").record(status: 200, nanoseconds: 1, on: registry.shard(0))
        history.sample(unixTime: 60)
        registry.routeMetrics("new").record(status: 503, nanoseconds: 1, on: registry.shard(0))
        let server = registry.upstreamMetrics(upstream: "legacy", server: "http://127.0.0.1:9000")
        registry.shard(0).adjust(server.inFlight, by: 2)
        registry.shard(1).adjust(server.inFlight, by: -1)
        registry.shard(1).increment(server.retries, by: 3)
        registry.shard(1).record(5_000_000, in: server.duration)
        history.sample(unixTime: 120)
        let report = history.report(unixTime: 120)
        #expect(report.routes["new"]?.requestsEachMinute == [1])
        #expect(report.routes["old"]?.requestsEachMinute == [1, 0])
        #expect(report.all.serverErrorsEachMinute == [0, 1])
        let key = TrafficReport.ServerKey(upstream: "legacy", server: "http://127.0.0.1:9000")
        let flow = try #require(report.servers[key])
        #expect(flow.inFlight == 1)
        #expect(flow.retries == 3)
        #expect(flow.durations.count == 1)
    }

    @Test
    func `refusals stand by reason, most frequent first, without those that did not happen`() {
        let expired = registry.refusals(reason: "token_expired", status: 401)
        let missing = registry.refusals(reason: "no_credentials", status: 401)
        _ = registry.refusals(reason: "wrong_audience", status: 401)
        let history = TrafficHistory(registry: registry, unixTime: 0)
        registry.shard(0).increment(expired, by: 2)
        registry.shard(1).increment(missing, by: 5)
        let report = history.report(unixTime: 10)
        #expect(
            report.refusals == [
                .init(reason: "no_credentials", status: "401", count: 5),
                .init(reason: "token_expired", status: "401", count: 2),
            ]
        )
        #expect(report.refused == 7)
    }

    @Test(arguments: [(0, "none"), (101, "1xx"), (204, "2xx"), (304, "3xx"), (431, "4xx"), (599, "5xx"), (700, "none")])
    func `a status counts in its class`(status: Int, statusClass: String) {
        registry.routeMetrics("r").record(status: status, nanoseconds: 1, on: registry.shard(0))
        let counted = registry.cells(of: MetricName.requests).filter { registry.sum($0.cell) == 1 }
        #expect(counted.map(\.labels) == [[MetricLabel("route", "r"), MetricLabel("code", statusClass)]])
    }
}
