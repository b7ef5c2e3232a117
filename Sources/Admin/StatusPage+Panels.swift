import HTTPServer
import Observability

extension StatusPage {
    var upstreamsSection: HTML {
        """
        <section class="box panel" aria-labelledby="upstreams">
                  <header><h2 id="upstreams">Upstreams</h2></header>
                  <ul class="rows">\(status.servers.map(server))</ul>
                </section>
        """
    }

    private func server(_ server: StatusSnapshot.Server) -> HTML {
        let key = TrafficReport.ServerKey(upstream: server.upstream, server: server.address)
        let flow = status.traffic.servers[key] ?? TrafficReport.ServerFlow()
        let p95 =
            flow.durations.percentile(0.95).map { " · p95 \(StatusFormat.milliseconds(nanoseconds: $0)) ms" } ?? ""
        var hint =
            "\(max(0, flow.inFlight)) in flight\(p95) · \(flow.retries) \(flow.retries == 1 ? "retry" : "retries")"
        let pill: HTML
        switch server.health {
        case .healthy: pill = "<span class=\"pill ok\">Healthy</span>"
        case .notChecked: pill = "<span class=\"pill\">Not checked</span>"
        case .down(let since, let reason):
            pill = "<span class=\"pill bad\">Down</span>"
            hint = "For \(StatusFormat.duration(status.age(of: since))): \(reason)"
        }
        return item("<strong>\(server.upstream)</strong> <code>\(server.address)</code>", pill, hint)
    }

    var certificatesSection: HTML {
        let rows =
            status.certificates.map(certificate) + status.signingKeys.map(signingKey)
            + status.trustedIssuers.map(trustedIssuer) + [configuration] + (status.storage.map { [storage($0)] } ?? [])
        return """
            <section class="box panel" aria-labelledby="certificates">
                      <header><h2 id="certificates">Certificates, keys and configuration</h2></header>
                      <ul class="rows">\(rows)</ul>
                    </section>
            """
    }

    private func certificate(_ certificate: StatusSnapshot.Certificate) -> HTML {
        let left = status.timeLeft(until: certificate.expiresAt)
        let pill: HTML =
            switch left {
            case ...0: "<span class=\"pill bad\">Expired</span>"
            case ..<(21 * 86_400): "<span class=\"pill warn\">\(StatusFormat.duration(left)) left</span>"
            default: "<span class=\"pill ok\">\(StatusFormat.duration(left)) left</span>"
            }
        let advice =
            certificate.isSelfSigned ? "self-signed: browsers ask" : "replace the file, it is picked up by itself"
        return item(
            "Certificate for \(certificate.names)",
            pill,
            "Expires \(StatusFormat.date(certificate.expiresAt)) · \(advice)"
        )
    }

    private func signingKey(_ key: StatusSnapshot.SigningKey) -> HTML {
        item(
            "Signing key",
            "<strong>\(StatusFormat.duration(status.age(of: key.createdAt))) old</strong>",
            "\(key.algorithm) · \(key.state)"
        )
    }

    private func trustedIssuer(_ issuer: StatusSnapshot.TrustedIssuer) -> HTML {
        guard let count = issuer.keyCount else {
            return item("Keys of \(issuer.issuer)", "<span class=\"pill bad\">None</span>", "Tokens of it get 503")
        }
        return item(
            "Keys of \(issuer.issuer)",
            "<strong>\(StatusFormat.duration(status.age(of: issuer.readAt))) ago</strong>",
            "\(count) \(count == 1 ? "key" : "keys")"
        )
    }

    private var configuration: HTML {
        let configuration = status.configuration
        let age = "\(StatusFormat.duration(status.age(of: configuration.loadedAt))) old"
        if configuration.failedReloadErrorCount != nil {
            return item(
                "Configuration",
                "<span class=\"pill bad\">Not loaded</span>",
                "\(configuration.file) · the one in use is \(age)"
            )
        }
        let count = configuration.warningCount
        let warnings = count == 0 ? "without warnings" : "with \(count) \(count == 1 ? "warning" : "warnings")"
        return item("Configuration", "<strong>\(age)</strong>", "\(configuration.file) · loaded \(warnings)")
    }

    private func storage(_ storage: StatusSnapshot.Storage) -> HTML {
        let pill: HTML =
            storage.isHealthy
            ? "<span class=\"pill ok\">Healthy</span>" : "<span class=\"pill bad\">Not answering</span>"
        let size = storage.sizeBytes.map { " · \(StatusFormat.size($0))" } ?? ""
        return item("Storage", pill, storage.kind + size)
    }

    var refusalsSection: HTML {
        let refusals = status.traffic.refusals
        let most = refusals.first?.count ?? 0
        let rows = refusals.map { refusal in
            """

                        <li>
                          <p class="line"><span>\(StatusFormat.reason(refusal.reason)) \
            <span class="hint">\(refusal.status)</span></span> \
            <strong>\(StatusFormat.grouped(refusal.count))</strong></p>
                          <svg class="bar" aria-hidden="true">\
            <rect width="\(StatusFormat.percent(refusal.count, of: most))%" height="100%"/></svg>
                        </li>
            """ as HTML
        }
        let total = StatusFormat.grouped(status.traffic.refused)
        let list: HTML = refusals.isEmpty ? "<li><p class=\"hint\">Nothing was refused.</p></li>" : "\(rows)"
        return """
            <section class="box panel" aria-labelledby="refusals">
                      <header><h2 id="refusals">Refusals by reason</h2><p class="hint">\
            Last \(StatusFormat.duration(status.traffic.windowSeconds)) · \(total)</p></header>
                      <ul class="rows bars">\(list)</ul>
                      <p class="rows hint">To see why a request would be refused: \
            <code>gatehouse explain GET https://\(status.host)/…</code></p>
                    </section>
            """
    }

    var connectionsSection: HTML {
        let connections = status.connections
        let rows = connections.protocols.map { spoken in
            item("\(spoken.name)", count(spoken.connections), hint(spoken.name))
        }
        let tunnels = item(
            "WebSockets and other tunnels",
            count(connections.tunnels),
            "Each has a request of the above to itself until it ends"
        )
        return """
            <section class="box panel" aria-labelledby="connections">
                      <header><h2 id="connections">Open connections</h2></header>
                      <ul class="rows">\(rows + [tunnels])</ul>
                    </section>
            """
    }

    private func hint(_ spoken: String) -> String {
        guard spoken == HTTPProtocol.http2.rawValue else { return "One request at a time" }
        let streams = status.connections.streams
        let requests = "\(streams) \(streams == 1 ? "request" : "requests") under way"
        let ended = status.connections.abuse.map { "\($0.count) for \(StatusFormat.reason($0.reason).lowercased())" }
        return ended.isEmpty ? requests : "\(requests) · ended since the start: \(ended.joined(separator: ", "))"
    }

    private func count(_ number: Int64) -> HTML {
        "<strong>\(StatusFormat.grouped(UInt64(clamping: number)))</strong>"
    }

    private func item(_ name: HTML, _ state: HTML, _ hint: String) -> HTML {
        """

                    <li>
                      <p class="line"><span>\(name)</span> \(state)</p>
                      <p class="hint">\(hint)</p>
                    </li>
        """
    }
}
