import Bytes
import HTTP
import HTTP2
import Transport

/// One request of an HTTP/2 connection and its response.
///
/// Confined to its event loop.
///
/// How it works: the session tells what comes on the stream; what the exchange does not want yet waits here, and the
/// client's window stays closed by as much. The response side is in `HTTP2ServerStream+Response.swift`.
final class HTTP2ServerStream {
    let connection: HTTP2Connection
    let stream: HTTP2Stream
    var exchange: HTTPExchange?
    /// The place among the streams of the connection.
    var place = 0
    @exclusivity(unchecked) var response = ResponseProgress()
    /// With what the stream ends after the response, if the request is not over then.
    var endCode = HTTP2ErrorCode.none
    /// Whether the rest of the request is thrown away.
    var isDiscarding = false
    /// Whether the client has sent its last frame.
    private(set) var isRequestOver = false

    /// Whether a field block has begun that is not complete; the stream may close before it is.
    private var isReadingBlock = false
    private var head: RequestHead?
    private var trailers: FieldList?
    /// Bytes that the request must still bring; nil when its head does not say.
    private var bodyLeft: UInt64?
    private var input = ByteBuffer()
    private var isBodyPaused = true
    private var isBodyEnded = false
    private(set) var hasToldEnd = false
    private var isDeliveryQueued = false
    @exclusivity(unchecked) private var clock = HTTP2BodyClock()

    init(_ stream: HTTP2Stream, connection: HTTP2Connection) {
        self.stream = stream
        self.connection = connection
        connection.add(self)
    }

    /// Whether the head is not complete.
    var isReadingFields: Bool { head != nil }

    private var server: ServerLoop { connection.server }

    // MARK: Requests

    private func begin(_ head: RequestHead, endsStream: Bool) {
        let exchange = HTTPExchange(loop: connection.loop, head: head, connection: connection.info, transport: self)
        self.exchange = exchange
        isBodyEnded = endsStream
        switch head.framing {
        case .none:
            exchange.isRequestComplete = true
            // What follows a CONNECT is not its body (RFC 9113 §8.5).
            hasToldEnd = head.connectProtocol == nil
            if head.method != .connect { bodyLeft = 0 }
        case .length(let count): bodyLeft = count
        case .chunked, .untilClose: break
        }
        clock.begin(at: connection.loop.now)
        server.handler.handle(exchange)
    }

    /// Lets the handler answer what can't be read, after which the stream is reset.
    func refuse(_ fault: RequestFault) {
        let exchange = HTTPExchange(
            loop: connection.loop,
            head: head ?? server.takeHead(),
            connection: connection.info,
            transport: self
        )
        head = nil
        exchange.isRequestComplete = true
        isDiscarding = true
        endCode = fault.endCode
        clock.begin(at: connection.loop.now)
        self.exchange = exchange
        server.handler.refuse(exchange, fault)
    }

    // MARK: Bodies

    private func bodyFailed(_ fault: RequestFault) {
        if case .malformed = fault { connection.countProvokedReset() }
        endCode = fault.endCode
        isDiscarding = true
        dropInput()
        guard let exchange else { return reset() }
        guard let delegate = exchange.delegate, !hasToldEnd, !exchange.isTunnel else { return abort() }
        delegate.exchangeBodyFailed(exchange, fault)
    }

    /// Ends a stream on which nothing is to be answered.
    private func reset() {
        stream.reset(endCode == .none ? .cancel : endCode)
    }

    private func deliver(_ bytes: UnsafeRawBufferPointer) {
        guard let exchange else { return }
        clock.bytes &+= UInt64(bytes.count)
        exchange.requestBodySize += UInt64(bytes.count)
        if exchange.requestBodySize > exchange.bodySizeLimit { return bodyFailed(.bodyTooLarge) }
        exchange.delegate?.exchangeBody(exchange, bytes)
    }

    private func bodyEnded() {
        guard let exchange, !hasToldEnd else { return }
        hasToldEnd = true
        exchange.isRequestComplete = true
        let trailers = exchange.isTunnel ? nil : trailers
        self.trailers = nil
        exchange.delegate?.exchangeBodyEnded(exchange, trailers: trailers)
        if exchange.isTunnel { endTunnel() }
    }

    /// Hands over what waits; asked for by `resumeBody`.
    func deliver() {
        isDeliveryQueued = false
        guard exchange != nil, !isBodyPaused, !isDiscarding else { return }
        let count = input.count
        if count > 0 {
            // The delegate may pause during the call, but what it was given it has.
            var bytes = ByteBuffer()
            swap(&bytes, &input)
            connection.unbuffered(count)
            stream.consume(count)
            deliver(bytes.bytes)
        }
        if isBodyEnded, input.isEmpty, !isDiscarding { bodyEnded() }
    }

    private func dropInput() {
        stream.consume(input.count)
        releaseInput()
    }

    /// Forgets what waits of the body, on a stream whose window does not matter any more.
    func releaseInput() {
        connection.unbuffered(input.count)
        input.releaseStorage()
    }

    func pauseBody() {
        guard !isBodyPaused else { return }
        isBodyPaused = true
        clock.pause(at: connection.loop.now)
    }

    func resumeBody() {
        guard isBodyPaused else { return }
        isBodyPaused = false
        clock.resume(at: connection.loop.now)
        guard !isDeliveryQueued, !input.isEmpty || isBodyEnded, !hasToldEnd else { return }
        isDeliveryQueued = true
        connection.queueDelivery(self)
    }

    /// Looks for a body that comes too slowly, and for a response that nobody takes.
    ///
    /// - Returns: When to look again at the latest; nil when the connection's next look is soon enough.
    func checkTime(_ now: UInt64) -> UInt64? {
        let settings = server.settings
        let deadline = clock.readingDeadline(stream, now, timeout: settings.idleTimeout)
        if let deadline, deadline <= now {
            giveUp()
            return nil
        }
        guard !isRequestOver, !isReadingFields, exchange != nil || isDiscarding, !mayRest else { return deadline }
        if clock.isBodyTooSlow(now, settings) { bodyFailed(.bodyTimedOut) }
        return deadline
    }

    /// Ends a stream whose client takes nothing.
    func giveUp() {
        endCode = .cancel
        if exchange == nil { reset() } else { abort() }
    }

    /// Whether nothing need come of the request for a while.
    private var mayRest: Bool {
        guard let exchange, !isDiscarding else { return false }
        return exchange.isTunnel || exchange.mayBodyRest || exchange.isResponseStarted
    }

    // MARK: Ends

    /// The connection is gone.
    func cut() {
        if let head { server.giveBack(head) }
        head = nil
        endExchange(.cancelled)
    }

    func endExchange(_ outcome: ExchangeOutcome) {
        guard let exchange else { return }
        self.exchange = nil
        exchange.end(outcome)
        server.giveBack(exchange.head)
    }

    /// The response is complete: a request that is not over is read on or broken off.
    func endRequest() {
        guard !isRequestOver, !stream.isClosed else { return }
        isDiscarding = true
        dropInput()
        clock.resume(at: connection.loop.now)
        // RFC 9113 §8.1: the client is told to stop without being told of an error.
        if let bodyLeft, bodyLeft <= HTTP1ConnectionState.discardLimit, endCode == .none { return }
        stream.reset(endCode)
    }
}

extension HTTP2ServerStream: HTTP2StreamDelegate {
    func streamFieldsBegan(_ stream: HTTP2Stream, isFirst: Bool) {
        connection.timing.fieldsBeganAt = connection.loop.now
        connection.isBlockUntold = false
        isReadingBlock = true
        connection.reader.begin()
        if isFirst { head = server.takeHead() } else { trailers = FieldList() }
    }

    func streamField(_ stream: HTTP2Stream, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if let head {
            connection.reader.field(name, value, into: head)
        } else if let trailers {
            connection.reader.trailer(name, value, into: trailers)
        }
        if connection.reader.isBomb { connection.found(.fieldBomb) }
    }

    func streamFieldsEnded(_ stream: HTTP2Stream, endsStream: Bool) {
        connection.timing.fieldsBeganAt = nil
        isReadingBlock = false
        if endsStream { isRequestOver = true }
        guard let head else { return trailersEnded(endsStream) }
        do throws(HTTPParseError) {
            try connection.reader.finish(head, endsStream: endsStream)
        } catch {
            connection.countProvokedReset()
            return refuse(.malformed(error))
        }
        self.head = nil
        begin(head, endsStream: endsStream)
    }

    private func trailersEnded(_ endsStream: Bool) {
        guard let trailers, !isDiscarding else {
            // Nobody looks at them, but a client that sends one block after the other keeps us busy.
            if !endsStream { connection.countProvokedReset() }
            return
        }
        do throws(HTTPParseError) {
            try connection.reader.finish(trailers, endsStream: endsStream)
        } catch {
            self.trailers = nil
            return bodyFailed(.malformed(error))
        }
        streamDataEnded(stream)
    }

    func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        if let left = bodyLeft {
            // RFC 9113 §8.1.1: no more than Content-Length says.
            guard bytes.count <= left else {
                connection.tookBody(bytes.count)
                stream.consume(bytes.count)
                if !isDiscarding || exchange == nil { bodyFailed(.malformed(.contentLengthMismatch)) }
                return
            }
            bodyLeft = left - UInt64(bytes.count)
        }
        if isDiscarding || !isBodyPaused && input.isEmpty {
            connection.tookBody(bytes.count)
            stream.consume(bytes.count)
            if isDiscarding { clock.bytes &+= UInt64(bytes.count) } else { deliver(bytes) }
        } else {
            input.append(bytes)
            connection.buffered(bytes.count)
        }
    }

    func streamDataEnded(_ stream: HTTP2Stream) {
        isRequestOver = true
        guard !isDiscarding else { return }
        // RFC 9113 §8.1.1: no less either.
        if let bodyLeft, bodyLeft > 0 { return bodyFailed(.malformed(.contentLengthMismatch)) }
        isBodyEnded = true
        if !isBodyPaused, input.isEmpty { bodyEnded() }
    }

    func streamDrained(_ stream: HTTP2Stream) {
        guard let exchange else { return }
        exchange.delegate?.exchangeDrained(exchange)
    }

    func streamSentEnd(_ stream: HTTP2Stream) {
        if exchange == nil { endRequest() }
    }

    func streamClosed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        connection.remove(self)
        if isReadingBlock { connection.timing.fieldsBeganAt = nil }
        if let head { server.giveBack(head) }
        head = nil
        // A client may also reset a stream without an error, so the code alone does not say that both sides have ended.
        let hasEnded = code == .none && stream.hasSentEnd
        // What waits of an ended tunnel has still to be taken by its other end.
        if hasEnded, isRequestOver, exchange?.isTunnel == true { return }
        releaseInput()
        // The whole response may be gone before its handler says so: its head was all of it.
        if hasEnded, case .none = response.body { return }
        endExchange(.cancelled)
    }
}

extension RequestFault {
    /// What a stream whose request has this fault ends with (RFC 9113 §8.1.1).
    fileprivate var endCode: HTTP2ErrorCode {
        switch self {
        case .malformed(let error): error.status == 400 ? .protocolError : .none
        case .headTimedOut: .cancel
        // The answer says what was wrong; with an error some clients would not look at it (RFC 9113 §8.1).
        case .bodyTooLarge, .bodyTimedOut: .none
        }
    }
}

@available(*, unavailable)
extension HTTP2ServerStream: Sendable {}
