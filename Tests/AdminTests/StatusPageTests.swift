import Observability
import Testing

@testable import Admin

@Suite
struct StatusPageTests {
    private static let now: Int64 = 1_764_150_067

    private func snapshot() -> StatusSnapshot {
        StatusSnapshot(
            host: "gate.example.com",
            version: "1.0.0",
            startedAt: Self.now - 12 * 86_400,
            now: Self.now,
            readiness: .ready,
            traffic: TrafficReport(),
            configuration: .init(file: "gateway.json", loadedAt: Self.now - 3 * 3600, warningCount: 0)
        )
    }

    private func page(_ status: StatusSnapshot, allRoutes: Bool = false) -> String {
        StatusPage(status, showsAllRoutes: allRoutes).html.text
    }

    private func route(_ name: String, needs: StatusSnapshot.Needs = .nothing) -> StatusSnapshot.Route {
        .init(name: name, path: name, methods: [], upstream: "legacy", needs: needs)
    }

    private func flow(_ requests: UInt64, serverErrors: UInt64 = 0) -> TrafficReport.Flow {
        var flow = TrafficReport.Flow()
        flow.requests = requests
        flow.serverErrors = serverErrors
        flow.successful = requests - serverErrors
        return flow
    }

    @Test
    func `with nothing wrong it says so`() {
        let html = page(snapshot())
        #expect(html.contains("<title>All good · Gatehouse status</title>"))
        #expect(html.contains("<h1>All good</h1>"))
        #expect(!html.contains("class=\"note"))
        #expect(html.contains("up 12 days"))
        #expect(html.contains("<time datetime=\"2025-11-26T09:41:07.000Z\">09:41:07 UTC</time>"))
    }

    @Test
    func `a server that is down, failing answers and an old certificate need a look, in the title too`() {
        var status = snapshot()
        status.servers = [
            .init(upstream: "reports", address: "https://10.0.7.20:8443", health: .notChecked),
            .init(
                upstream: "reports",
                address: "https://10.0.7.21:8443",
                health: .down(since: Self.now - 840, reason: "connection refused")
            ),
        ]
        status.routes = [route("/reports/*"), route("/fine")]
        status.traffic.routes = ["/reports/*": flow(200, serverErrors: 27), "/fine": flow(200, serverErrors: 2)]
        status.certificates = [
            .init(names: "gate.example.com", expiresAt: Self.now + 9 * 86_400, isSelfSigned: false),
            .init(names: "other", expiresAt: Self.now + 22 * 86_400, isSelfSigned: false),
        ]
        let html = page(status)
        #expect(html.contains("<title>Needs a look: 1 server down · Gatehouse status</title>"))
        #expect(
            html.contains("<a href=\"#upstreams\">1 of 2 <strong>reports</strong> servers is down</a>.")
        )
        #expect(html.contains("<a href=\"#routes\">13.5% of <code>/reports/*</code> answers</a> are 5xx."))
        #expect(!html.contains("of <code>/fine</code>"))
        #expect(html.contains("The certificate for gate.example.com</a> expires in 9 days."))
        #expect(!html.contains("The certificate for other"))
        #expect(html.contains("For 14 minutes: connection refused"))
        #expect(html.contains("Expires 5 December 2025"))
        #expect(html.contains("<span class=\"pill\">Not checked</span>"))
    }

    @Test
    func `connections are shown by protocol, with what some were ended for`() {
        var status = snapshot()
        status.connections.protocols = [("HTTP/1.1", 1204), ("HTTP/2", 30)]
        status.connections.streams = 77
        status.connections.tunnels = 9
        #expect(page(status).contains("<span>HTTP/1.1</span> <strong>1,204</strong>"))
        #expect(page(status).contains("77 requests under way</p>"))
        #expect(page(status).contains("<span>WebSockets and other tunnels</span> <strong>9</strong>"))
        status.connections.streams = 1
        status.connections.abuse = [("rapid_reset", 3), ("ping_flood", 1)]
        #expect(
            page(status).contains(
                "1 request under way · ended since the start: 3 for rapid reset, 1 for ping flood</p>"
            )
        )
    }

    @Test
    func `what keeps it from serving comes before everything else`() {
        var status = snapshot()
        status.readiness = .notReady(reasons: ["draining"])
        status.configuration.failedReloadErrorCount = 2
        let html = page(status)
        #expect(html.contains("<title>Not serving: draining · Gatehouse status</title>"))
        #expect(html.contains("<h1>Not serving</h1>"))
        #expect(html.contains("<li>Draining.</li>"))
        #expect(html.contains("has 2 errors and was not loaded; run"))
    }

    @Test
    func `a route shows its needs, its shares and its times`() {
        var status = snapshot()
        status.traffic.windowSeconds = 300
        status.routes = [
            route("/a", needs: .scopes(all: ["notes:read"], any: ["x", "y"])), route("/b", needs: .denied),
        ]
        var flow = flow(1000, serverErrors: 1)
        flow.clientErrors = 12
        flow.successful = 987
        for bucket in [20, 25] { flow.durations.counts[bucket] = 1 }
        flow.requestsEachMinute = [1, 2, 3]
        status.traffic.routes = ["/a": flow]
        let html = page(status)
        #expect(html.contains("<code>notes:read</code> and <code>x</code> or <code>y</code>"))
        #expect(html.contains("Denied to all"))
        #expect(html.contains("<span>98.7 · 1.2 · 0.1%</span>"))
        #expect(html.contains("<polyline points=\"0,15.3 50,8.7 100,2\"/>"))
        #expect(html.contains("data-label=\"Requests/s\">3.3</td>"))
        #expect(html.contains("data-label=\"p99\">30&nbsp;ms</td>"))
        #expect(html.contains("data-label=\"p50\">–</td>"))
    }

    @Test
    func `of many routes the busiest fifty are shown, and all on demand`() {
        var status = snapshot()
        status.routes = (0..<60).map { route("/r\($0)") }
        status.traffic.routes = ["/r59": flow(5)]
        let html = page(status)
        #expect(html.contains("the 50 busiest · <a href=\"/?routes=all\">all 60</a>"))
        #expect(html.contains("<code class=\"what\">/r59</code>"))
        #expect(!html.contains("<code class=\"what\">/r55</code>"))
        #expect(page(status, allRoutes: true).contains("<code class=\"what\">/r55</code>"))
    }

    @Test
    func `refusals stand by reason with bars`() {
        var status = snapshot()
        status.traffic.refusals = [
            .init(reason: "token_expired", status: "401", count: 1614),
            .init(reason: "no_credentials", status: "401", count: 388),
        ]
        let html = page(status)
        #expect(html.contains("Token expired <span class=\"hint\">401</span></span> <strong>1,614</strong>"))
        #expect(html.contains("<rect width=\"100%\" height=\"100%\"/>"))
        #expect(html.contains("<rect width=\"24%\" height=\"100%\"/>"))
        #expect(html.contains(" · 2,002</p>"))
    }

    @Test
    func `no text from a configuration or an error becomes markup`() {
        let hostile = "<script>alert(1)</script>\" onload='x'&\u{202E}\u{0}"
        var status = snapshot()
        status.host = hostile
        status.version = hostile
        status.configuration.file = hostile
        status.configuration.failedReloadErrorCount = 1
        status.readiness = .notReady(reasons: [hostile])
        status.routes = [
            .init(
                name: "r",
                path: hostile,
                methods: [hostile],
                upstream: hostile,
                needs: .scopes(all: [hostile], any: [hostile])
            )
        ]
        status.traffic.routes = ["r": flow(1, serverErrors: 1)]
        status.traffic.refusals = [.init(reason: hostile, status: hostile, count: 1)]
        status.servers = [.init(upstream: hostile, address: hostile, health: .down(since: 0, reason: hostile))]
        status.certificates = [.init(names: hostile, expiresAt: .min, isSelfSigned: true)]
        status.signingKeys = [.init(algorithm: hostile, state: hostile, createdAt: .max / 2)]
        status.trustedIssuers = [.init(issuer: hostile, keyCount: nil, readAt: 0)]
        status.storage = .init(kind: hostile, sizeBytes: .max, isHealthy: false)
        let html = page(status)
        #expect(!html.contains("<script>"))
        #expect(!html.contains("onload='"))
        #expect(!html.contains("\" onload"))
        #expect(!html.contains("\u{202E}"))
        #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39;&amp;"))
    }

    @Test
    func `the page keeps to its own policy`() {
        let html = page(snapshot())
        #expect(!html.contains("style="))
        #expect(!html.contains("<style"))
        #expect(html.ranges(of: "<script").count == 1)
    }
}
