import Observability

extension StatusPage {
    var routesSection: HTML {
        """
        <section class="box panel" aria-labelledby="routes">
              <header><h2 id="routes">Routes</h2><p class="hint">\(routesHint)</p></header>
              \(emptyHint)
              <table class="stacked" role="table" aria-labelledby="routes">
                <thead role="rowgroup"><tr role="row">\(Self.columns.map(heading))</tr></thead>
                <tbody role="rowgroup">\(shownRoutes.map(row))</tbody>
              </table>
            </section>
        """
    }

    /// All of them, or the busiest of many, in the order of the configuration.
    private var shownRoutes: [StatusSnapshot.Route] {
        guard !showsAllRoutes, status.routes.count > Self.mostRoutes else { return status.routes }
        let busiest = status.routes.enumerated().sorted { requests($0.element) > requests($1.element) }
        return busiest.prefix(Self.mostRoutes).sorted { $0.offset < $1.offset }.map(\.element)
    }

    private var routesHint: HTML {
        let count = status.routes.count
        if shownRoutes.count < count {
            return
                "the \(Self.mostRoutes) busiest · <a href=\"/?routes=all\">all \(count)</a> · times include the upstream"
        }
        return "\(count) \(count == 1 ? "route" : "routes") · times include the upstream"
    }

    private var emptyHint: HTML {
        guard status.traffic.routes.values.allSatisfy({ $0.requestsEachMinute.reduce(0, +) == 0 && $0.requests == 0 })
        else { return .empty }
        return """
            <p class="rows hint">No requests yet. Send one: <code>curl https://\(status.host)\
            \(status.routes.first { Self.isPlain($0.path) }?.path ?? "/")</code></p>
            """
    }

    private func row(_ route: StatusSnapshot.Route) -> HTML {
        let flow = status.traffic.routes[route.name] ?? TrafficReport.Flow()
        let methods = route.methods.isEmpty ? "any" : route.methods.joined(separator: " ")
        let target = route.upstream.map { " → \($0)" } ?? ""
        let isBad = flow.serverErrors * 100 > flow.requests
        return """

                      <tr role="row">
                        <td class="two" role="rowheader"><code class="what">\(route.path)</code>\
            <span class="hint">\(methods)\(target)</span></td>
                        <td class="mode" role="cell"><span class="pill ok">Enforce</span></td>
                        <td class="all needs" role="cell" data-label="Needs">\(needs(route.needs))</td>
                        <td class="num" role="cell" data-label="Requests/s">\
            \(StatusFormat.rate(flow.requests, seconds: status.traffic.windowSeconds))</td>
                        <td class="two" role="cell" data-label="Last hour">\
            \(StatusFormat.line(flow.requestsEachMinute, filled: false, isBad: isBad))</td>
                        <td class="all share" role="cell" data-label="2xx · 4xx · 5xx">\(shares(flow))</td>
                        \(time(flow, 0.5, "p50"))\(time(flow, 0.95, "p95"))\(time(flow, 0.99, "p99"))
                      </tr>
            """
    }

    private func needs(_ needs: StatusSnapshot.Needs) -> HTML {
        switch needs {
        case .nothing: return "Public"
        case .optionalToken: return "A token, or none"
        case .token: return "A valid token"
        case .denied: return "Denied to all"
        case .scopes(let all, let any):
            let required = all.map { "<code>\($0)</code> " as HTML }
            guard !any.isEmpty else { return "\(required)" }
            let choices = any.enumerated().map { "\($0 > 0 ? " or " : "")<code>\($1)</code>" as HTML }
            return "\(required)\(all.isEmpty ? "" : "and ")\(choices)"
        }
    }

    private func shares(_ flow: TrafficReport.Flow) -> HTML {
        guard flow.requests > 0 else { return "–" }
        let parts = [
            ("c2", flow.successful), ("c4", flow.clientErrors), ("c5", flow.serverErrors),
        ].map { ($0.0, StatusFormat.percent($0.1, of: flow.requests), $0.1) }
        var left: UInt64 = 0
        let bars = parts.map { name, width, count in
            defer { left += count }
            let start = StatusFormat.percent(left, of: flow.requests)
            return "<rect class=\"\(name)\" x=\"\(start)%\" width=\"\(width)%\" height=\"100%\"/>" as HTML
        }
        return """
            <span>\(parts.map(\.1).joined(separator: " · "))%</span><svg class="bar" aria-hidden="true">\(bars)</svg>
            """
    }

    private func time(_ flow: TrafficReport.Flow, _ share: Double, _ name: String) -> HTML {
        let value: HTML =
            flow.durations.percentile(share).map { "\(StatusFormat.milliseconds(nanoseconds: $0))&nbsp;ms" } ?? "–"
        return "<td class=\"num\" role=\"cell\" data-label=\"\(name)\">\(value)</td>"
    }

    private func heading(_ column: (name: String, isNumber: Bool)) -> HTML {
        let style: HTML = column.isNumber ? " class=\"num\"" : .empty
        return "<th role=\"columnheader\" scope=\"col\"\(style)>\(column.name)</th>"
    }

    private func requests(_ route: StatusSnapshot.Route) -> UInt64 { status.traffic.routes[route.name]?.requests ?? 0 }

    private static func isPlain(_ path: String) -> Bool { !path.contains("*") }

    private static let columns = [
        ("Route", false), ("Mode", false), ("Needs", false), ("Req/s", true), ("Last hour", false),
        ("2xx · 4xx · 5xx", false), ("p50", true), ("p95", true), ("p99", true),
    ]
    private static let mostRoutes = 50
}
