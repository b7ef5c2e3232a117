import HTTP
import HTTP2
import Transport

/// One request and its response on a stream of an HTTP/2 connection.
///
/// Confined to its event loop. The connection holds it while it is under way.
final class UpstreamHTTP2Exchange: UpstreamExchange {
    /// The place among the exchanges of the connection.
    var place = 0
    let connection: UpstreamHTTP2Connection
    var request: UpstreamRequest?
    var stream: HTTP2Stream?
    private var body: RequestBodyState
    var reader: MultiplexedResponseReader
    var head: ResponseHead?
    var trailers: FieldList?

    private lazy var timer = LoopTimer(self)
    private let beganAt: UInt64
    /// When the response's head must be there; nil until the request is complete.
    private var responseDeadline: UInt64?
    /// Bytes of the body that had gone out when the limit was last set.
    private var sentWhenArmed: UInt64 = 0
    /// Watches what the server takes of the body.
    private var sending = StallWatch()
    /// How often a body is looked at that waits for the server.
    private static let look: UInt64 = 1_000_000_000
    var isPaused = false
    /// Whoever writes sees for itself if more can be written.
    var isWriting = false
    /// Bytes that were received and for which the stream's window was not opened again.
    var withheld = 0

    init(_ request: UpstreamRequest, connection: UpstreamHTTP2Connection) {
        self.request = request
        self.connection = connection
        let configuration = connection.client.configuration
        body = RequestBodyState(request.framing)
        beganAt = connection.loop.now
        reader = MultiplexedResponseReader(
            request.method,
            limits: HTTPLimits(
                headerSize: configuration.responseHeaderSize,
                headerCount: configuration.responseHeaderCount
            )
        )
    }

    /// The head was submitted.
    func begin(on stream: HTTP2Stream) {
        self.stream = stream
        setTimer()
    }

    // MARK: The request

    /// Bytes of the body that wait for the server's window or the socket.
    var pendingByteCount: Int { stream?.pendingByteCount ?? 0 }

    var isWritable: Bool { stream?.isAboveHighWater != true }

    func writeBody(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty, let stream else { return }
        guard body.write(bytes.count) else { return fail(.bodyLengthMismatch) }
        isWriting = true
        stream.write(bytes)
        // What the windows and the socket take now need not wait for the end of the batch.
        if stream.pendingByteCount >= HTTP2Stream.highWater { connection.flush() }
        isWriting = false
        setTimer()
    }

    func finishBody(trailers: UnsafeRawBufferPointer) {
        guard !body.isComplete else { return }
        guard body.finish() else { return fail(.bodyLengthMismatch) }
        stream?.finish(trailers: trailers)
        setTimer()
    }

    // MARK: The response

    func pauseReading() {
        isPaused = true
        setTimer()
    }

    func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        stream?.consume(withheld)
        withheld = 0
        setTimer()
    }

    func take(_ event: MultiplexedResponseReader.Event) {
        guard let request, let head else { return }
        request.isResponseStarted = true
        switch event {
        case .informational:
            request.delegate?.upstreamInformational(request, head)
        case .head(let isEnd):
            connection.client.answered(request)
            request.delegate?.upstreamHead(request, head)
            endHead()
            if isEnd { finish(trailers: nil) }
        }
    }

    /// Runs a step of the reader; nil, and failed, when the response is malformed.
    func read<Value>(
        _ step: (inout MultiplexedResponseReader) throws(HTTPParseError) -> Value
    ) -> Value? {
        do throws(HTTPParseError) {
            return try step(&reader)
        } catch {
            fail(.malformedResponse(error, responseStarted: reader.hasStarted), code: .protocolError)
            return nil
        }
    }

    // MARK: Ends

    func abandonExchange() {
        guard request != nil else { return }
        detach(.cancel)
    }

    func finish(trailers: FieldList?) {
        // Told again while it hears of the response, the delegate may have given up.
        guard let request else { return }
        // A server that has answered need not take the rest of the request (RFC 9113 §8.1).
        detach(stream?.hasSentEnd == true ? nil : .cancel)
        connection.client.endAttempt(request)
        request.detach()?.upstreamEnd(request, trailers: trailers)
    }

    /// Ends the exchange with a failure.
    ///
    /// - Parameters:
    ///   - code: What the server hears of it; nil if the stream is over.
    ///   - isUntouched: Whether the server has not looked at the request.
    ///   - isCounted: Whether the failure was counted against the server already.
    func fail(
        _ error: UpstreamError,
        code: HTTP2ErrorCode? = .cancel,
        isUntouched: Bool = false,
        isCounted: Bool = false
    ) {
        guard let request else { return }
        let isAtFault = isServerAtFault(error)
        detach(code)
        endHead()
        if !isCounted, !isUntouched, isAtFault { connection.client.serverFailed(request) }
        connection.client.exchangeFailed(request, error, hasSent: !isUntouched)
    }

    /// Whether a failure says something about the server; nothing that a client brings about by being slow does.
    private func isServerAtFault(_ error: UpstreamError) -> Bool {
        switch error {
        case .closedEarly(let started), .brokenConnection(let started): !started && body.isComplete
        case .idleTimedOut(let started): !started && !isRequestOut
        case .malformedResponse(_, let started): !started
        case .responseTimedOut: true
        default: false
        }
    }

    /// The connection is lost; returns whether that counts against the server.
    func connectionFailed(isBroken: Bool, isCounted: Bool) -> Bool {
        let started = reader.hasStarted
        let isUntouched = stream?.hasSentHead != true
        let error: UpstreamError =
            isBroken && !isUntouched
            ? .brokenConnection(responseStarted: started) : .closedEarly(responseStarted: started)
        let counts = !isUntouched && isServerAtFault(error)
        fail(error, code: nil, isUntouched: isUntouched, isCounted: isCounted)
        return counts
    }

    /// Lets go of the connection; the stream ends, with a reset where one is due.
    private func detach(_ code: HTTP2ErrorCode?) {
        request = nil
        connection.loop.disarm(timer)
        let stream = stream
        self.stream = nil
        if let code, let stream {
            stream.reset(code)
            if stream.hasSentHead { connection.countReset() }
        }
        connection.remove(self)
    }

    private func endHead() {
        if let head { connection.client.putHead(head) }
        head = nil
    }
}

// MARK: Waiting

extension UpstreamHTTP2Exchange: LoopTimerHandler {
    func timerFired(_ timer: LoopTimer) {
        // A server that takes the body slowly takes it all the same, be it the last that waited.
        if !isRequestOut || stream?.sentByteCount != sentWhenArmed {
            setTimer()
            if timer.deadline > connection.loop.now { return }
        }
        // A connection on which nothing has come since is likely to be dead, though nobody said so.
        if connection.receivedAt <= beganAt { connection.retire() }
        if isRequestOut, body.isComplete, !reader.hasStarted {
            fail(.responseTimedOut)
        } else {
            fail(.idleTimedOut(responseStarted: reader.hasStarted))
        }
    }

    /// Whether nothing of the request waits for the server.
    private var isRequestOut: Bool { pendingByteCount == 0 }

    /// Something came: a server that answers has not stopped, even if it takes nothing for a while.
    func noteProgress() {
        sending = StallWatch()
        setTimer()
    }

    /// Arms the limit for what is being waited for; not for what the downstream side has to do.
    func setTimer() {
        guard request != nil else { return }
        sentWhenArmed = stream?.sentByteCount ?? 0
        if let deadline = deadline() {
            connection.loop.arm(timer, at: deadline)
        } else {
            connection.loop.disarm(timer)
        }
    }

    private func deadline() -> UInt64? {
        guard let request else { return nil }
        let configuration = connection.client.configuration
        let loop = connection.loop
        let stalled = sending.deadline(
            isWaiting: !isRequestOut,
            sent: sentWhenArmed,
            now: loop.now,
            timeout: configuration.idleTimeout
        )
        if let stalled { return min(stalled, loop.deadline(after: Self.look)) }
        if reader.hasStarted { return isPaused ? nil : loop.deadline(after: configuration.idleTimeout) }
        // The client may take its time, as in a gRPC call that says nothing for a while, but not for ever.
        guard body.isComplete else { return loop.deadline(after: configuration.idleTimeout) }
        // Fixed once the request is out: what comes before the head, such as a 1xx, does not move it.
        let fixed = responseDeadline ?? loop.deadline(after: request.responseTimeout ?? configuration.responseTimeout)
        responseDeadline = fixed
        return fixed
    }
}

@available(*, unavailable)
extension UpstreamHTTP2Exchange: Sendable {}
