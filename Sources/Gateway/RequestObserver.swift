import Bytes
import HTTP
import HTTPServer
import Observability
import Transport

/// Counts finished requests and writes the access log, for one loop.
///
/// Confined to its event loop.
package final class RequestObserver {
    private let shard: MetricsShard
    private let registry: MetricsRegistry
    private let accessLog: AccessLog?
    private let routes: [RouteMetrics]
    private let unrouted: RouteMetrics
    private let trustedProxies: TrustedProxies
    /// By the places of the upstream and of its server.
    private let servers: [[UpstreamMetrics]]
    private let tunnels: Gauge
    private var refusals: [RefusalKey: Counter] = [:]
    /// By the names of the gateway's own endpoints, which are few and fixed.
    private var endpoints: [String: RouteMetrics] = [:]

    private struct RefusalKey: Hashable {
        let reason: String
        let status: Int
    }

    /// Registers the metrics of a configuration.
    ///
    /// - Parameters:
    ///   - routes: The names of the routes, in their order.
    ///   - upstreams: The upstreams with the servers of each, in their order.
    package init(
        registry: MetricsRegistry,
        shard: MetricsShard,
        accessLog: AccessLog?,
        trustedProxies: TrustedProxies = TrustedProxies([]),
        routes: [String],
        upstreams: [(name: String, servers: [String])]
    ) {
        self.registry = registry
        self.shard = shard
        self.accessLog = accessLog
        self.trustedProxies = trustedProxies
        self.routes = routes.map(registry.routeMetrics)
        unrouted = registry.routeMetrics("")
        tunnels = registry.gauge(MetricName.tunnels, help: "WebSockets and other upgraded connections that are open.")
        servers = upstreams.map { upstream in
            upstream.servers.map { registry.upstreamMetrics(upstream: upstream.name, server: $0) }
        }
    }

    func tunnelOpened() { shard.adjust(tunnels, by: 1) }

    func tunnelClosed() { shard.adjust(tunnels, by: -1) }

    /// Takes note of an exchange whose status is decided; called while its head is still valid.
    func finished(_ exchange: HTTPExchange, _ note: borrowing RequestNote) {
        let total = exchange.loop.now &- exchange.startedAt
        // How long a tunnel was open says nothing about how fast anything is.
        let duration = note.switchedAt.map { $0 &- exchange.startedAt } ?? total
        metrics(of: note).record(status: exchange.status, nanoseconds: duration, on: shard)
        if let failure = note.failure {
            shard.increment(counter(of: failure.reason, status: failure.status))
        } else if let refusal = note.own?.outcome.refusal {
            shard.increment(counter(of: refusal, status: exchange.status))
        }
        if let attempt = note.upstream { count(attempt, didFail: note.failure?.isUpstreamFault == true) }
        if accessLog != nil { log(exchange, note, total) }
    }

    private func count(_ attempt: UpstreamNote, didFail: Bool) {
        // Without a server, none was up to be asked.
        guard let server = attempt.server else { return }
        let metrics = servers[attempt.index][server]
        shard.increment(metrics.requests)
        shard.record(attempt.nanoseconds, in: metrics.duration)
        if didFail { shard.increment(metrics.failures) }
        if attempt.resendCount > 0 { shard.increment(metrics.retries, by: UInt64(attempt.resendCount)) }
    }

    private func metrics(of note: borrowing RequestNote) -> RouteMetrics {
        if let route = note.route { return routes[route.index] }
        guard let endpoint = note.own?.outcome.endpoint else { return unrouted }
        if let known = endpoints[endpoint] { return known }
        let metrics = registry.routeMetrics(endpoint)
        endpoints[endpoint] = metrics
        return metrics
    }

    /// The counter of a reason; one reason may come with several statuses, but few.
    private func counter(of reason: String, status: Int) -> Counter {
        let key = RefusalKey(reason: reason, status: status)
        if let known = refusals[key] { return known }
        let counter = registry.refusals(reason: reason, status: status)
        refusals[key] = counter
        return counter
    }

    private func log(_ exchange: HTTPExchange, _ note: borrowing RequestNote, _ total: UInt64) {
        var record = AccessRecord()
        let head = exchange.head
        record.unixMilliseconds = exchange.loop.unixTime * 1000 + exchange.loop.unixMilliseconds
        record.method = head.methodBytes
        record.host = head.authority
        record.path = head.path
        record.version = head.majorVersion == 2 ? "HTTP/2" : head.minorVersion == 0 ? "HTTP/1.0" : "HTTP/1.1"
        record.status = exchange.status
        record.grpcStatus = note.grpcStatus
        record.bytesReceived = exchange.requestBodySize
        record.bytesSent = exchange.responseBodySize
        record.totalNanoseconds = total
        record.upstreamNanoseconds = note.upstream?.nanoseconds
        let outcome = note.own?.outcome
        let isRefused = note.failure != nil || outcome?.refusal != nil
        record.decision = isRefused ? .refused : note.upstream != nil ? .forwarded : .answered
        let userName = note.principal?.userName ?? outcome?.userName.map(PercentEncoding.encodeFieldValue)
        let clientID = note.principal?.clientID ?? outcome?.clientID.map(PercentEncoding.encodeFieldValue)
        // The record borrows all of these bytes until it is written.
        withBytes(note.route?.name ?? outcome?.endpoint) { route in
            withBytes(note.upstream?.name) { upstream in
                withBytes(note.failure?.reason ?? outcome?.refusal ?? note.ending?.rawValue) { reason in
                    exchange.connection.addressText.withUnsafeBytes { peer in
                        note.requestID.withBytes { requestID in
                            (userName ?? []).withUnsafeBytes { user in
                                (clientID ?? []).withUnsafeBytes { client in
                                    record.route = route
                                    record.upstream = upstream
                                    record.reason = reason
                                    record.clientAddress = ClientContext(
                                        head,
                                        address: peer,
                                        isTrustedProxy: note.isFromTrustedProxy,
                                        isSecure: exchange.connection.isSecure,
                                        requestID: note.requestID
                                    ).clientAddress(head, trustedProxies)
                                    record.requestID = requestID
                                    record.user = user
                                    record.clientID = client
                                    accessLog?.write(record)
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    private func withBytes(_ text: String?, _ body: (UnsafeRawBufferPointer) -> Void) {
        var text = text ?? ""
        text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}

/// What is known of a request when it has been dealt with.
struct RequestNote {
    var requestID: RequestID
    var route: Route?
    var principal: Principal?
    var failure: GatewayFailure?
    /// What a gRPC client was told.
    var grpcStatus: Int?
    var isFromTrustedProxy = false
    /// When the exchange became a tunnel, in monotonic nanoseconds.
    var switchedAt: UInt64?
    var ending: StreamEnding?
    /// The upstream that was asked.
    var upstream: UpstreamNote?
    /// Set where one of the gateway's own endpoints has answered, which knows more.
    var own: OwnRequest?

    init(requestID: RequestID) {
        self.requestID = requestID
    }
}

/// Why a response or a tunnel that had begun was ended, as the access log names it.
enum StreamEnding: String {
    case tokenExpired = "token_expired"
    case tokenRevoked = "token_revoked"
    /// Nothing came through a tunnel for the upstream's `idle_timeout`.
    case idle = "idle"
    /// The upstream broke a tunnel off.
    case upstreamGone = "upstream_gone"
}

/// What is known of a request's time at an upstream.
struct UpstreamNote {
    /// The upstream's place in the configuration.
    let index: Int
    let name: String
    /// The place of the server that had it last.
    var server: Int?
    var resendCount = 0
    /// From sending the request to the end of its answer, or to the 101 of a tunnel.
    var nanoseconds: UInt64 = 0
}

extension GatewayFailure {
    fileprivate var isUpstreamFault: Bool {
        switch self {
        case .upstreamUnreachable, .upstreamMalformed, .upstreamTimedOut, .upstreamRefused, .serversDown: true
        default: false
        }
    }
}

@available(*, unavailable)
extension RequestObserver: Sendable {}
