import Bytes
import HTTP
import HTTPServer
import JWT
import Upstream

/// One request on its way to an upstream and its response on the way back.
///
/// Confined to its event loop; used again.
///
/// It joins the two sides: bytes are handed on as they come, and whichever side can't take more makes the other pause.
final class ForwardedRequest {
    /// The place among the active requests of the loop.
    var place = 0
    var pipeline: RequestPipeline?
    private var note: RequestNote?
    var route: Route? { note?.route }
    var principal: Principal? { note?.principal }

    private let request = UpstreamRequest()
    private var exchange: HTTPExchange?
    private var fields = FieldBlock()
    private var startedAt: UInt64 = 0
    /// The 1xx responses that have come.
    private var informationalCount = 0
    /// How many of them are handed on.
    private static let mostInformational = 100
    /// Bytes of fields in them.
    private var informationalSize = 0
    private static let largestInformational = 64 << 10
    /// What the client wants to speak with the upstream instead of HTTP.
    private var tunnel: TunnelRequest?
    /// Whether the token was revoked before there was an answer, which may then not go on and on.
    private(set) var isRevoked = false

    /// Sends the request upstream.
    ///
    /// - Throws: `GatewayFailure` when the fields can't go upstream; nothing has been sent then.
    func start(
        _ exchange: HTTPExchange,
        _ route: Route,
        _ note: RequestNote,
        upstream: Int,
        pipeline: RequestPipeline
    ) throws(GatewayFailure) {
        let head = exchange.head
        informationalCount = 0
        informationalSize = 0
        isRevoked = false
        tunnel = TunnelRequest(head)
        let method = head.connectProtocol == nil ? head.method : .get
        request.prepare(method: method, framing: head.framing, upgrades: tunnel != nil, delegate: self)
        do throws(GatewayFailure) {
            try writeHead(exchange, route, note, preservesHost: pipeline.settings.preservesHost[upstream], pipeline)
        } catch {
            request.cancel()
            throw error
        }
        let client = pipeline.clients[upstream]
        self.exchange = exchange
        self.note = note
        self.note?.upstream = UpstreamNote(index: upstream, name: client.configuration.name)
        startedAt = pipeline.loop.now
        exchange.delegate = self
        client.start(request)
    }

    /// Ends a response that has begun, or a request that goes on, because its token is not good any more.
    func cut(_ refusal: TokenRefusal) {
        guard let exchange else { return }
        guard exchange.isResponseStarted else {
            if isCutUnanswered(exchange, refusal) { return fail(.tokenRefused(refusal)) }
            isRevoked = refusal == .revoked
            return
        }
        if case .expired = refusal { note?.ending = .tokenExpired } else { note?.ending = .tokenRevoked }
        breakOff(exchange, .tokenRefused(refusal))
    }

    /// Whether a request that was not answered ends with its token.
    ///
    /// An upload that has begun may outlive a token that runs out; one that was revoked it may not, nor may a stream of gRPC,
    /// whose answer often begins with its end.
    private func isCutUnanswered(_ exchange: HTTPExchange, _ refusal: TokenRefusal) -> Bool {
        guard !exchange.isRequestComplete else { return false }
        return refusal == .revoked || FailureFormat(exchange.head) == .grpc
    }

    private func writeHead(
        _ exchange: HTTPExchange,
        _ route: Route,
        _ note: RequestNote,
        preservesHost: Bool,
        _ pipeline: RequestPipeline
    ) throws(GatewayFailure) {
        let head = exchange.head
        request.responseTimeout = route.timeout
        request.acceptsTrailers = head.fields.contains(.te) && head.fields.hasToken(.te, "trailers")
        if head.connectProtocol == nil { request.line.append(head.methodBytes) } else { request.line.append("GET") }
        request.line.append(" ")
        route.appendUpstreamPath(of: head.path, to: &request.line)
        if let query = head.query {
            request.line.append("?")
            request.line.append(query)
        }
        request.line.append(" HTTP/1.1\r\n")
        if preservesHost, !head.authority.isEmpty {
            request.sendsServerHost = false
            request.fields.append(name: "Host", value: head.authority)
        }
        try exchange.connection.addressText.withUnsafeBufferPointer { (address) throws(GatewayFailure) in
            let client = ClientContext(
                head,
                address: UnsafeRawBufferPointer(address),
                isTrustedProxy: note.isFromTrustedProxy,
                isSecure: exchange.connection.isSecure,
                requestID: note.requestID
            )
            try pipeline.snapshot.requestFields.write(
                head,
                route: route,
                principal: note.principal,
                client: client,
                tunnel: tunnel,
                into: &request.fields.buffer
            )
        }
    }

    /// Lets the exchange go, so that someone else can answer it.
    private func detach() -> (HTTPExchange, RequestNote, RequestPipeline)? {
        guard let exchange, let pipeline, var note else { return nil }
        note.upstream?.nanoseconds = (note.switchedAt ?? pipeline.loop.now) &- startedAt
        note.upstream?.server = request.serverIndex
        note.upstream?.resendCount = request.resendCount
        self.exchange = nil
        self.note = nil
        tunnel = nil
        exchange.delegate = nil
        return (exchange, note, pipeline)
    }

    /// Answers with a failure, or cuts a response that has begun.
    private func fail(_ failure: GatewayFailure) {
        request.cancel()
        guard exchange?.isResponseStarted != true else {
            note?.failure = failure
            if let exchange { breakOff(exchange, failure) }
            return
        }
        guard let (exchange, note, pipeline) = detach() else { return }
        pipeline.giveBack(self)
        pipeline.fail(exchange, failure, note)
    }

    /// Ends a response that has begun, in a way that tells the client that it is not complete.
    ///
    /// gRPC has room for a reason even then: its status comes last, in the trailers.
    private func breakOff(_ exchange: HTTPExchange, _ failure: GatewayFailure) {
        // Trailers would end one direction of a tunnel only.
        guard exchange.head.majorVersion == 2, !exchange.isTunnel, FailureFormat(exchange.head) == .grpc else {
            return exchange.abort()
        }
        note?.grpcStatus = failure.grpcStatus
        var trailers = FieldBlock()
        FailureRenderer.appendStatus(failure, note?.route, to: &trailers)
        exchange.finish(trailers: trailers.bytes)
    }
}

// MARK: From the client

extension ForwardedRequest: HTTPExchangeDelegate {
    func exchangeBody(_ exchange: HTTPExchange, _ bytes: UnsafeRawBufferPointer) {
        request.writeBody(bytes)
        if request.isUnderWay, !request.isWritable { exchange.pauseBody() }
    }

    func exchangeBodyEnded(_ exchange: HTTPExchange, trailers: FieldList?) {
        guard let trailers, let pipeline, let route else { return request.finishBody() }
        pipeline.snapshot.requestFields.removeForbidden(from: trailers, route: route)
        request.finishBody(trailers: FieldBlock(trailers))
    }

    func exchangeBodyFailed(_ exchange: HTTPExchange, _ fault: RequestFault) {
        fail(GatewayFailure(fault))
    }

    func exchangeDrained(_ exchange: HTTPExchange) {
        request.resumeResponse()
    }

    func exchangeEnded(_ exchange: HTTPExchange, _ outcome: ExchangeOutcome) {
        request.cancel()
        guard let (exchange, note, pipeline) = detach() else { return }
        if exchange.isTunnel { pipeline.observer.tunnelClosed() }
        pipeline.observed(exchange, note)
        pipeline.giveBack(self)
    }
}

// MARK: From the upstream

extension ForwardedRequest: UpstreamRequestDelegate {
    func upstreamReadyForBody(_ request: UpstreamRequest) {
        guard let exchange else { return }
        // Calls that stream are silent for as long as there is nothing to say.
        exchange.mayBodyRest = request.isMultiplexed && exchange.head.isGRPC
        exchange.resumeBody()
    }

    func upstreamNotReadyForBody(_ request: UpstreamRequest) {
        exchange?.pauseBody()
    }

    func upstreamDrained(_ request: UpstreamRequest) {
        exchange?.resumeBody()
    }

    func upstreamInformational(_ request: UpstreamRequest, _ head: ResponseHead) {
        // Nothing makes the upstream wait when the client does not read them.
        informationalCount += 1
        guard let exchange, informationalCount <= Self.mostInformational, writeFields(of: head) else { return }
        informationalSize += fields.bytes.count
        guard informationalSize <= Self.largestInformational else { return }
        exchange.sendInformational(status: head.status, fields: fields.bytes)
    }

    func upstreamUpgraded(_ request: UpstreamRequest, _ head: ResponseHead) {
        guard let exchange, let pipeline, let tunnel else { return }
        guard !isRevoked else { return fail(.tokenRefused(.revoked)) }
        guard let chosen = tunnel.chosenProtocol(head, exchange.head) else { return fail(.upstreamMalformed) }
        guard writeFields(of: head) else { return }
        if !head.fields.contains(.secWebSocketProtocol), WebSocketProtocols.isHandshake(exchange.head),
            let token = WebSocketProtocols.onlyToken(in: exchange.head)
        {
            fields.append(name: "Sec-WebSocket-Protocol", value: token)
        }
        note?.switchedAt = pipeline.loop.now
        pipeline.observer.tunnelOpened()
        exchange.beginTunnel(protocolName: chosen, fields: fields.bytes)
        releaseHeads()
        exchange.resumeBody()
    }

    func upstreamHead(_ request: UpstreamRequest, _ head: ResponseHead) {
        // RFC 8441 §5: a 2xx would tell the client that its tunnel is open, and that what follows came through it.
        if tunnel?.isTranslated == true, (200..<300).contains(head.status) { return fail(.upstreamMalformed) }
        if isRevoked, head.isEventStream { return fail(.tokenRefused(.revoked)) }
        guard let exchange, let pipeline, writeFields(of: head) else { return }
        noteStatus(head.fields)
        if !head.fields.contains(.date) { pipeline.appendDate(to: &fields) }
        pipeline.appendTransportSecurity(exchange, to: &fields)
        let framing = framing(of: head, exchange.head)
        exchange.sendHead(status: head.status, fields: fields.bytes, framing: framing)
        if framing == .stream, head.isEventStream { releaseHeads() }
    }

    /// Takes note of what a gRPC call has come to, which comes with the head or with the trailers.
    private func noteStatus(_ fields: FieldList) {
        guard fields.contains(.grpcStatus), let head = exchange?.head, head.isGRPC || head.isGRPCWeb else { return }
        note?.grpcStatus = fields.grpcStatus
    }

    /// Gives back memory that is of no use to a stream that may last for hours.
    private func releaseHeads() {
        request.releaseHead()
        fields.buffer.releaseStorage()
        exchange?.head.releaseUnusedStorage()
    }

    func upstreamBody(_ request: UpstreamRequest, _ bytes: UnsafeRawBufferPointer) {
        guard let exchange else { return }
        exchange.write(bytes)
        if !exchange.isWritable { request.pauseResponse() }
        // A client that takes little at a time shall not make us hold much.
        request.readSize = min(request.readSize * 2, exchange.room)
    }

    func upstreamEnd(_ request: UpstreamRequest, trailers: FieldList?) {
        guard let exchange else { return }
        guard let trailers, let route = note?.route else { return exchange.finish() }
        noteStatus(trailers)
        ResponseFieldPolicy.removeForbidden(from: trailers, route: route)
        let block = FieldBlock(trailers)
        exchange.finish(trailers: block.bytes)
    }

    func upstreamFailed(_ request: UpstreamRequest, _ error: UpstreamError) {
        guard let exchange, exchange.isTunnel else { return fail(GatewayFailure(error)) }
        if case .idleTimedOut = error { note?.ending = .idle } else { note?.ending = .upstreamGone }
        exchange.closeTunnel()
    }

    /// Puts the response's fields into `fields`; false if the response can't be handed on, which is answered then.
    private func writeFields(of head: ResponseHead) -> Bool {
        guard let exchange, let note, let route = note.route else { return false }
        fields.removeAll()
        // Of a key that the client does not know (RFC 8441 §5).
        if tunnel?.isTranslated == true { head.fields.removeAll { name, _ in name == .secWebSocketAccept } }
        do throws(GatewayFailure) {
            try ResponseFieldPolicy.write(
                head,
                route: route,
                origin: exchange.head.value(of: .origin),
                requestID: note.requestID,
                into: &fields
            )
            return true
        } catch {
            fail(error)
            return false
        }
    }

    private func framing(of head: ResponseHead, _ request: RequestHead) -> ResponseFraming {
        switch head.framing(for: request.method) {
        case .length(let count): return .length(count)
        case .chunked, .untilClose: return .stream
        case .none:
            // HEAD tells what GET would give; 204 and 304 carry no length of their own (RFC 9110 §8.6).
            if head.status == 204 || head.status == 304 { return .none }
            // An HTTP/2 response that ends with its head says all; gRPC takes each field of it for a trailer.
            if request.majorVersion == 2, !head.fields.contains(.contentLength) { return .none }
            return head.contentLength.map { .length($0) } ?? (request.method == .head ? .none : .length(0))
        }
    }
}

extension ResponseHead {
    fileprivate var isEventStream: Bool {
        let type: StaticString = "text/event-stream"
        guard let value = fields.value(of: .contentType), value.count >= type.utf8CodeUnitCount else { return false }
        return value.slice(0..<type.utf8CodeUnitCount).equalsIgnoringCase(type)
    }
}

extension FieldBlock {
    /// The fields of a list, as lines.
    fileprivate init(_ fields: FieldList) {
        self.init()
        for index in 0..<fields.count { append(fields, at: index) }
    }
}

extension GatewayFailure {
    /// What a failed upstream request looks like to the client (RFC 9110 §15.6).
    init(_ error: UpstreamError) {
        switch error {
        case .unreachable, .closedEarly, .bodyLengthMismatch: self = .upstreamUnreachable
        case .connectTimedOut, .responseTimedOut, .idleTimedOut: self = .upstreamTimedOut
        case .malformedResponse, .brokenConnection, .unrequestedUpgrade: self = .upstreamMalformed
        case .refused: self = .upstreamRefused
        case .cannotUpgrade: self = .upstreamCannotUpgrade
        case .allServersDown(let seconds): self = .serversDown(retryAfter: seconds)
        case .outOfResources: self = .overloaded(retryAfter: 1)
        }
    }
}

@available(*, unavailable)
extension ForwardedRequest: Sendable {}
