import Observability

/// The status page for whoever runs the gateway: trouble first, then numbers.
struct StatusPage {
    let status: StatusSnapshot
    let showsAllRoutes: Bool
    private let verdict: StatusVerdict

    init(_ status: StatusSnapshot, showsAllRoutes: Bool) {
        self.status = status
        self.showsAllRoutes = showsAllRoutes
        verdict = StatusVerdict(status)
    }

    var html: HTML {
        """
        <!doctype html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <meta name="color-scheme" content="light dark">
          <meta name="robots" content="noindex">
          <title>\(title)</title>
          <link rel="icon" href="mark.svg" type="image/svg+xml">
          <link rel="stylesheet" href="gatehouse.css">
          <script src="status.js" defer></script>
        </head>
        <body>
          <main class="page full" id="live">
            \(top)
            <div>
              <h1>\(verdict.heading)</h1>
              <p class="lede">This instance, last \(window) unless it says otherwise.</p>
            </div>
            \(causes)
            \(tiles)
            \(routesSection)
            <div class="split">
              <div>
                \(upstreamsSection)
                \(certificatesSection)
              </div>
              <div>
                \(refusalsSection)
                \(connectionsSection)
              </div>
            </div>
          </main>
          <footer class="foot"><p>Gatehouse \(status.version) · the same numbers for machines: \
        <a href="/metrics">/metrics</a> · <a href="/readyz">/readyz</a></p></footer>
        </body>
        </html>

        """
    }

    private var title: String {
        let first = verdict.causes.first.map { ": \($0.short)" } ?? ""
        return "\(verdict.heading)\(first) · Gatehouse status"
    }

    private var window: String { StatusFormat.duration(status.traffic.windowSeconds) }

    private var top: HTML {
        """
        <div class="top">
              <p class="brand"><img src="mark.svg" alt="" width="28" height="28">Gatehouse</p>
              <p class="small" id="updated"><span>\(status.host) · up \
        \(StatusFormat.duration(status.age(of: status.startedAt))) · \
        <time datetime="\(StatusFormat.timestamp(status.now))">\(StatusFormat.timeOfDay(status.now)) UTC</time></span> \
        <a href="\(showsAllRoutes ? "/?routes=all" : "/")">Refresh</a></p>
            </div>
        """
    }

    private var causes: HTML {
        guard !verdict.causes.isEmpty else { return .empty }
        return """
            <div class="note \(verdict.level == .notServing ? "bad" : "warn")">
                  <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3.5 2.5 20h19zM12 10v4.5M12 17.4v.1"/></svg>
                  <ul>\(verdict.causes.map { "<li>\($0.text)</li>" as HTML })</ul>
                </div>
            """
    }

    private var tiles: HTML {
        let traffic = status.traffic
        let seconds = traffic.windowSeconds
        let p95 = traffic.all.durations.percentile(0.95)
        let time: HTML =
            p95.map { "\(StatusFormat.milliseconds(nanoseconds: $0))&nbsp;<small>ms</small>" } ?? "–"
        let errors: HTML =
            traffic.all.requests == 0
            ? "–" : "\(StatusFormat.percent(traffic.all.serverErrors, of: traffic.all.requests))%"
        return """
            <section class="tiles" aria-label="Traffic">
                  \(tile("Requests a second", "\(StatusFormat.rate(traffic.all.requests, seconds: seconds))",
                traffic.all.requestsEachMinute))
                  \(tile("Refused a second", "\(StatusFormat.rate(traffic.refused, seconds: seconds))",
                traffic.refusedEachMinute))
                  \(tile("Answers that are 5xx", errors, traffic.all.serverErrorsEachMinute, isBad: true))
                  \(tile("p95 answer time", time, traffic.p95EachMinute))
                </section>
            """
    }

    private func tile(_ name: String, _ value: HTML, _ values: [Double], isBad: Bool = false) -> HTML {
        """
        <div class="box">
                <p class="hint">\(name)</p>
                <p class="big">\(value)</p>
                \(StatusFormat.line(values, filled: true, isBad: isBad))
              </div>
        """
    }
}
