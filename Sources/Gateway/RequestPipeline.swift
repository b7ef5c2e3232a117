import Bytes
import HTTP
import HTTPServer
import JWT
import Transport
import Upstream

/// What is done with every request of a loop: route, authenticate and authorize, forward.
///
/// Confined to its event loop.
package final class RequestPipeline {
    let loop: EventLoop
    let snapshot: GatewaySnapshot
    let settings: PipelineSettings
    package let clients: [UpstreamClient]
    let observer: RequestObserver
    package let authenticator: Authenticator
    private let ownPaths: any OwnPaths
    private let requestIDs: RequestIDGenerator
    /// Requests that have been forwarded and are not over; those of a revoked token are cut.
    private(set) var forwarded = ForwardedRequests()
    private var failureBody = ByteBuffer()
    private var fields = FieldBlock(capacity: 2048)

    /// A pipeline for one loop and one configuration.
    ///
    /// - Parameter clients: In the order of the configuration's upstreams.
    package init(
        loop: EventLoop,
        snapshot: GatewaySnapshot,
        settings: PipelineSettings,
        clients: [UpstreamClient],
        authenticator: Authenticator,
        requestIDs: RequestIDGenerator,
        observer: RequestObserver,
        ownPaths: any OwnPaths
    ) {
        self.loop = loop
        self.snapshot = snapshot
        self.settings = settings
        self.clients = clients
        self.authenticator = authenticator
        self.requestIDs = requestIDs
        self.observer = observer
        self.ownPaths = ownPaths
    }

    /// Cuts the open responses and tunnels whose token has expired, where the route asks for it.
    package func cutExpiredRequests() {
        cut { principal in
            let age = loop.unixTime - principal.token.expiresAt
            return age > 0 ? .expired(secondsAgo: age) : nil
        }
    }

    /// Cuts the open responses and tunnels whose token has expired or was revoked, where the route asks for it.
    package func cutStaleRequests() {
        cutExpiredRequests()
        cut { principal in authenticator.isStillGood(principal, at: loop.unixTime) ? nil : .revoked }
    }

    private func cut(_ reason: (Principal) -> TokenRefusal?) {
        forwarded.cut { request in
            guard request.route?.closesOnTokenExpiry == true else { return nil }
            return request.isRevoked ? .revoked : request.principal.flatMap(reason)
        }
    }

    /// Requests that have been forwarded and are not over.
    package var forwardedCount: Int { forwarded.activeCount }

    /// Lets the connections to the upstreams go as they fall idle: another configuration has taken over.
    package func retire() {
        for client in clients { client.drain() }
        // Streams may keep this pipeline for days, and there may be many reloads in that time.
        authenticator.retire()
    }
}

extension RequestPipeline: RequestHandler {
    package func handle(_ exchange: HTTPExchange) {
        let head = exchange.head
        if exchange.connection.redirectsToHTTPS { return redirect(exchange) }
        let isTrustedProxy = settings.trustedProxies.contains(exchange.connection.peer)
        var note = RequestNote(requestID: requestIDs.next(for: head, isFromTrustedProxy: isTrustedProxy))
        note.isFromTrustedProxy = isTrustedProxy
        if head.method == .connect && head.connectProtocol == nil || head.method == .trace {
            return fail(exchange, .methodNotAllowed(allow: Self.allMethods), note)
        }
        if head.connectProtocol != nil, !WebSocketProtocols.isHandshake(head) {
            return fail(exchange, .protocolNotKnown, note)
        }
        if head.targetForm == .asterisk { return answerOptions(exchange, note) }
        if ownPaths.claims(head.path), isForIssuer(head), answersItself(exchange, note) { return }

        switch snapshot.router.route(head) {
        case .route(let route): admit(exchange, to: route, note)
        case .preflight(let cors, let allow): answerPreflight(exchange, cors, allow, note)
        case .failure(let failure, let cors): fail(exchange, failure, note, cors)
        }
    }

    package func refuse(_ exchange: HTTPExchange, _ fault: RequestFault) {
        let note = RequestNote(requestID: requestIDs.next(for: exchange.head, isFromTrustedProxy: false))
        fail(exchange, GatewayFailure(fault), note)
    }

    private func admit(_ exchange: HTTPExchange, to route: Route, _ note: RequestNote) {
        var note = note
        note.route = route
        do throws(GatewayFailure) {
            note.principal = try authenticator.admit(exchange.head, to: route, at: loop.unixTime)
            try forward(exchange, along: route, note)
        } catch {
            fail(exchange, error, note)
        }
    }

    private func forward(
        _ exchange: HTTPExchange,
        along route: Route,
        _ note: RequestNote
    ) throws(GatewayFailure) {
        exchange.bodySizeLimit = route.bodySize ?? settings.bodySize
        if case .length(let size) = exchange.head.framing, size > exchange.bodySizeLimit { throw .bodyTooLarge }
        guard let upstream = route.upstream else { throw .accessRefused(.denied) }
        let request = forwarded.take(self)
        do throws(GatewayFailure) {
            try request.start(exchange, route, note, upstream: upstream, pipeline: self)
        } catch {
            forwarded.giveBack(request)
            throw error
        }
    }

    func giveBack(_ request: ForwardedRequest) {
        forwarded.giveBack(request)
    }
}

// MARK: Answers of its own

extension RequestPipeline {
    /// Answers with what a failure looks like to this client, and takes note of it.
    func fail(_ exchange: HTTPExchange, _ failure: GatewayFailure, _ note: RequestNote, _ cors: CORSPolicy? = nil) {
        var note = note
        note.failure = failure
        if FailureFormat(exchange.head).isGRPC { note.grpcStatus = failure.grpcStatus }
        beginFields(exchange)
        failureBody.removeAll()
        let context = FailureContext(
            exchange.head,
            route: note.route,
            cors: cors,
            requestID: note.requestID,
            unixTime: loop.unixTime
        )
        let status = snapshot.failures.render(failure, context, fields: &fields, body: &failureBody)
        respond(exchange, status, note, closes: failure.closesConnection)
    }

    private func answerPreflight(
        _ exchange: HTTPExchange,
        _ cors: CORSPolicy,
        _ allow: [UInt8],
        _ note: RequestNote
    ) {
        beginFields(exchange)
        failureBody.removeAll()
        cors.writePreflight(exchange.head, allow: allow, into: &fields)
        respond(exchange, 204, note)
    }

    /// `OPTIONS *` asks about the server itself (RFC 9110 §9.3.7).
    private func answerOptions(_ exchange: HTTPExchange, _ note: RequestNote) {
        beginFields(exchange)
        failureBody.removeAll()
        fields.append(name: "Allow", value: Self.allMethods)
        respond(exchange, 204, note)
    }

    private func isForIssuer(_ head: RequestHead) -> Bool {
        settings.issuerHost.withUnsafeBytes { head.host.equals($0) }
    }

    private func answersItself(_ exchange: HTTPExchange, _ note: RequestNote) -> Bool {
        let request = OwnRequest(exchange, self, note)
        exchange.delegate = request
        if ownPaths.answer(request) { return true }
        exchange.delegate = nil
        return false
    }

    /// Everything on a listener with `redirect_to_https` goes to the issuer's host, never to the one the client named.
    private func redirect(_ exchange: HTTPExchange) {
        let note = RequestNote(requestID: requestIDs.next(for: exchange.head, isFromTrustedProxy: false))
        guard exchange.head.targetForm == .origin || exchange.head.targetForm == .absolute else {
            return fail(exchange, .methodNotAllowed(allow: Self.allMethods), note)
        }
        fields.removeAll()
        failureBody.removeAll()
        appendDate(to: &fields)
        fields.begin(name: "Location")
        settings.issuerOrigin.withUnsafeBytes { fields.appendValue($0) }
        fields.appendValue(exchange.head.path)
        if let query = exchange.head.query {
            fields.appendValue("?")
            fields.appendValue(query)
        }
        fields.end()
        respond(exchange, 308, note)
    }

    /// Starts the fields of an answer of the gateway's own.
    private func beginFields(_ exchange: HTTPExchange) {
        fields.removeAll()
        appendDate(to: &fields)
        appendTransportSecurity(exchange, to: &fields)
    }

    func appendDate(to fields: inout FieldBlock) {
        fields.begin(name: "Date")
        HTTPDate.append(unixTime: loop.unixTime, to: &fields.buffer)
        fields.end()
    }

    func appendTransportSecurity(_ exchange: HTTPExchange, to fields: inout FieldBlock) {
        let connection = exchange.connection
        guard connection.isSecure, connection.listener < settings.transportSecurityLines.count else { return }
        settings.transportSecurityLines[connection.listener].withUnsafeBytes { fields.append(lines: $0) }
    }

    private func respond(_ exchange: HTTPExchange, _ status: Int, _ note: RequestNote, closes: Bool = false) {
        let framing: ResponseFraming = status == 204 ? .none : .length(UInt64(failureBody.count))
        exchange.sendHead(status: status, fields: fields.bytes, framing: framing, closes: closes)
        exchange.write(failureBody.bytes)
        observed(exchange, note)
        exchange.finish()
    }

    func observed(_ exchange: HTTPExchange, _ note: borrowing RequestNote) {
        observer.finished(exchange, note)
    }

    static let allMethods = Array("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".utf8)
}

extension GatewayFailure {
    init(_ fault: RequestFault) {
        switch fault {
        case .malformed(let error): self = .malformedRequest(error)
        case .headTimedOut, .bodyTimedOut: self = .requestTooSlow
        case .bodyTooLarge: self = .bodyTooLarge
        }
    }
}

@available(*, unavailable)
extension RequestPipeline: Sendable {}
