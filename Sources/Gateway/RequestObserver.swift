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
    private var refusals: [String: Counter] = [:]

    /// - Parameter routes: The names of the routes, in their order.
    package init(registry: MetricsRegistry, shard: MetricsShard, accessLog: AccessLog?, routes: [String]) {
        self.registry = registry
        self.shard = shard
        self.accessLog = accessLog
        self.routes = routes.map(registry.routeMetrics)
        unrouted = registry.routeMetrics("")
    }

    /// Takes note of an exchange whose status is decided; called while its head is still valid.
    func finished(_ exchange: HTTPExchange, _ note: borrowing RequestNote) {
        let total = exchange.loop.now &- exchange.startedAt
        let metrics = note.route.map { routes[$0.index] } ?? unrouted
        metrics.record(status: exchange.status, nanoseconds: total, on: shard)
        if let failure = note.failure { shard.increment(counter(of: failure)) }
        if accessLog != nil { log(exchange, note, total) }
    }

    private func counter(of failure: GatewayFailure) -> Counter {
        let reason = failure.reason
        if let known = refusals[reason] { return known }
        let counter = registry.refusals(reason: reason, status: failure.status)
        refusals[reason] = counter
        return counter
    }

    private func log(_ exchange: HTTPExchange, _ note: borrowing RequestNote, _ total: UInt64) {
        var record = AccessRecord()
        let head = exchange.head
        record.unixMilliseconds = exchange.loop.unixTime * 1000 + exchange.loop.unixMilliseconds
        record.method = head.methodBytes
        record.host = head.authority
        record.path = head.path
        record.version = head.minorVersion == 0 ? "HTTP/1.0" : "HTTP/1.1"
        record.status = exchange.status
        record.bytesReceived = exchange.requestBodySize
        record.bytesSent = exchange.responseBodySize
        record.totalNanoseconds = total
        record.upstreamNanoseconds = note.upstreamNanoseconds
        record.decision = note.failure != nil ? .refused : note.upstream != nil ? .forwarded : .answered
        // The record borrows all of these bytes until it is written.
        withBytes(note.route?.name) { route in
            withBytes(note.upstream) { upstream in
                withBytes(note.failure?.reason) { reason in
                    exchange.connection.addressText.withUnsafeBytes { peer in
                        note.requestID.withBytes { requestID in
                            (note.principal?.userName ?? []).withUnsafeBytes { user in
                                (note.principal?.clientID ?? []).withUnsafeBytes { client in
                                    record.route = route
                                    record.upstream = upstream
                                    record.reason = reason
                                    record.clientAddress = ClientContext(
                                        head,
                                        address: peer,
                                        isTrustedProxy: note.isFromTrustedProxy,
                                        isSecure: exchange.connection.isSecure,
                                        requestID: note.requestID
                                    ).clientAddress(head)
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
    var isFromTrustedProxy = false
    /// The name of the upstream that was asked.
    var upstream: String?
    var upstreamNanoseconds: UInt64?

    init(requestID: RequestID) {
        self.requestID = requestID
    }
}

@available(*, unavailable)
extension RequestObserver: Sendable {}
