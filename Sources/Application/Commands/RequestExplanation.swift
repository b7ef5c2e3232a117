import Bytes
import Configuration
import Dispatch
import Gateway
import HTTP
import JSON
import JWT
import OAuthWeb
import Transport

/// `gatehouse explain`: what would become of a request, by the code that decides about requests.
package struct RequestExplanation: Sendable {
    private let request: RequestText
    private let explanation: Explanation
    /// The upstream's name, its servers and the `Host` they would get.
    private let upstream: (name: String, servers: [String], host: String)?
    private let note: String?

    /// Runs a request through the configuration.
    package init(_ request: RequestText, from address: String, _ gateway: OfflineGateway, now: Int64) {
        self.request = request
        let configuration = gateway.configuration
        // Only where the documents are counts here.
        let server = configuration.authorizationServer
        let documents = MetadataDocuments(gateway.snapshot, gateway.ownKeys, server.map { _ in ([], []) })
        let explainer = Explainer(
            gateway.snapshot.gateway,
            settings: gateway.snapshot.settings,
            verifier: gateway.verifier,
            revocations: gateway.revocations,
            ownMethods: { path in
                if documents[path] != nil { return [.get] }
                guard let server else { return nil }
                // Without stored keys there is no set to read here, but there will be one when the gateway runs.
                if path.equals("/.well-known/jwks.json") { return [.get] }
                return EndpointTable.methods(at: path, basePath: server.basePath)
            },
            clock: { DispatchTime.now().uptimeNanoseconds }
        )
        explanation = explainer.explain(
            request.bytes(defaultAuthority: configuration.issuer.authority),
            limits: gateway.snapshot.serverSettings.headLimits,
            from: Self.client(request, address, gateway),
            at: now
        )
        note = explanation.isRefused("token_unknown_key") ? gateway.note : nil
        guard case .forwarded(let index?, _) = explanation.decision else {
            upstream = nil
            return
        }
        let settings = configuration.upstreams[index]
        let servers = gateway.snapshot.upstreams[index].servers
        let host =
            settings.preservesHost ? request.host(configuration.issuer.authority) : servers.first?.authority ?? ""
        upstream = (settings.name, servers.map(\.description), host)
    }

    /// Whether the request would reach its upstream, or get from the gateway what it asked for.
    package var isAllowed: Bool {
        switch explanation.decision {
        case .forwarded: true
        case .answered(let response): response.status < 400
        }
    }

    private static func client(
        _ request: RequestText,
        _ address: String,
        _ gateway: OfflineGateway
    ) -> Explainer.Client {
        var client = Explainer.Client()
        client.address = address
        let peer = PeerAddress(host: address, port: 0, bytes: IPAddress(address)?.bytes ?? [])
        client.isTrustedProxy = gateway.snapshot.settings.trustedProxies.contains(peer)
        client.isSecure = (request.scheme.isEmpty ? gateway.configuration.issuer.scheme : request.scheme) == "https"
        client.isRedirected = gateway.configuration.listeners.contains { listener in
            guard listener.redirectsToHTTPS, case .tcp(_, let port) = listener.address else { return false }
            return request.scheme == "http" && port == request.port
        }
        return client
    }
}

extension RequestExplanation {
    /// The explanation as text.
    package var lines: [String] {
        let url = request.scheme.isEmpty ? request.target : "\(request.scheme)://\(request.authority)\(request.target)"
        var table = TextTable([])
        for step in explanation.steps {
            let time = TimeText.duration(step.nanoseconds)
            table.append([step.passed ? "  ok" : "  NO", time, step.name, step.text])
        }
        let lines = ["\(request.method) \(url)", ""] + table.lines.dropFirst() + [""] + decisionLines
        return (lines + (note.map { ["", "note: \($0)"] } ?? [])).map(\.printable)
    }

    private var decisionLines: [String] {
        switch explanation.decision {
        case .answered(let response):
            var lines = ["decision: answered with \(response.status) \(StatusCode.reasonPhrase(response.status))"]
            if let reason = response.reason { lines.append("  reason: \(reason)") }
            if let error = response.error { lines.append("  error: \(error)") }
            if let description = response.errorDescription { lines.append("  error_description: \(description)") }
            if response.errorDescription == nil, let detail = response.detail { lines.append("  detail: \(detail)") }
            if !response.fields.isEmpty { lines += ["", "the answer's fields:"] + Self.lines(of: response.fields) }
            return lines
        case .forwarded(_, let sent):
            let name = upstream?.name ?? ""
            let servers = upstream?.servers.joined(separator: ", ") ?? ""
            let host = Explanation.Field(name: "Host", value: upstream?.host ?? "")
            var lines = ["decision: forwarded to \(name) (\(servers))", "", "what goes upstream:"]
            lines.append("  \(sent.method) \(sent.target) HTTP/1.1")
            lines += Self.lines(of: [host] + sent.fields)
            let dropped = sent.droppedNames.filter { $0.lowercased() != "host" }
            if !dropped.isEmpty { lines += ["", "what does not go on as it came: " + dropped.joined(separator: ", ")] }
            return lines
        }
    }

    private static func lines(of fields: [Explanation.Field]) -> [String] {
        fields.map { "  \($0.name): \($0.value)" }
    }

    /// The explanation as JSON.
    package var json: String {
        var writer = JSONWriter(.pretty)
        writer.beginObject()
        writer.member("method", request.method)
        writer.member("allowed", isAllowed)
        if let route = explanation.route { writer.member("route", route) }
        writer.name("steps")
        writer.beginArray()
        for step in explanation.steps {
            writer.beginObject()
            writer.member("name", step.name)
            writer.member("passed", step.passed)
            writer.member("text", step.text)
            writer.member("nanoseconds", step.nanoseconds)
            writer.endObject()
        }
        writer.endArray()
        switch explanation.decision {
        case .answered(let response): writer.response(response)
        case .forwarded(_, let sent):
            writer.name("upstream")
            writer.beginObject()
            if let upstream {
                writer.member("name", upstream.name)
                writer.member("servers", upstream.servers)
                writer.member("host", upstream.host)
            }
            writer.member("method", sent.method)
            writer.member("target", sent.target)
            writer.fields(sent.fields)
            writer.member("dropped", sent.droppedNames)
            writer.endObject()
        }
        if let note { writer.member("note", note) }
        writer.endObject()
        return writer.text
    }
}

extension JSONWriter {
    fileprivate mutating func response(_ response: Explanation.Response) {
        name("response")
        beginObject()
        member("status", response.status)
        if let reason = response.reason { member("reason", reason) }
        if let error = response.error { member("error", error) }
        if let description = response.errorDescription { member("error_description", description) }
        if let detail = response.detail { member("detail", detail) }
        fields(response.fields)
        endObject()
    }

    /// A list, since names may be repeated.
    fileprivate mutating func fields(_ fields: [Explanation.Field]) {
        name("fields")
        beginArray()
        for field in fields {
            beginObject()
            member("name", field.name)
            member("value", field.value)
            endObject()
        }
        endArray()
    }
}

extension Explanation {
    fileprivate func isRefused(_ reason: String) -> Bool {
        if case .answered(let response) = decision { response.reason == reason } else { false }
    }
}
