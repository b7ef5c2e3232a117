import Bytes
import HTTP
import Transport

/// One connection to a server, which carries one exchange at a time or none.
///
/// Confined to its event loop.
///
/// How it works: requests are written as soon as they are there, what the socket does not take waits in `output`.
/// Responses are read into the loop's scratch and handed on from there; only an unfinished head or chunk line is kept,
/// in `input`. An unused connection has neither. What bytes mean is decided by `ResponseReader`; this class acts.
final class UpstreamConnection: UpstreamExchange {
    let client: UpstreamClient
    let server: ServerPool
    let link: ServerLink

    var registration: SocketRegistration?
    var output = ByteBuffer()
    var input = ByteBuffer()
    var request: UpstreamRequest?
    var head: ResponseHead?
    var reader: ResponseReader
    var body = RequestBodyState()
    private lazy var timer = LoopTimer(self)
    /// When the response's head must be there; nil until the request is out.
    private var responseDeadline: UInt64?

    var isOpen = true
    /// Whether the connection has carried an exchange before the current one.
    var isReused = false
    /// Whether any of the current request was sent.
    var hasSent = false
    /// Whether any of the current response was received.
    var hasReceived = false
    /// The server takes nothing more, though it may still answer.
    var isWriteClosed = false
    var isPaused = false
    var isWaitingToWrite = false
    var isFlushQueued = false
    var wasAboveHighWater = false
    /// How far another protocol is that the server has switched to; nil without one.
    var tunnel: UpstreamTunnel?
    /// `input` is being read from, so it must stay where it is.
    var isParsing = false

    init(_ link: ServerLink, server: ServerPool, client: UpstreamClient) {
        self.link = link
        self.server = server
        self.client = client
        let configuration = client.configuration
        reader = ResponseReader(
            limits: HTTPLimits(
                headerSize: configuration.responseHeaderSize,
                headerCount: configuration.responseHeaderCount
            )
        )
    }

    var loop: EventLoop { client.loop }

    /// Starts to watch the socket; false, and closed, when the loop has no room for it.
    func open() -> Bool {
        registration = try? loop.register(self, descriptor: link.descriptor, interest: .readable)
        if registration == nil { close() }
        return registration != nil
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        loop.disarm(timer)
        if let registration { loop.deregister(registration) }
        registration = nil
        output.releaseStorage()
        if !isParsing { input.releaseStorage() }
        if let head { client.putHead(head) }
        head = nil
        link.close(to: server)
    }

    /// Whether a connection that is not in use has nothing to say.
    var isQuiet: Bool { link.isQuiet }

    // MARK: Exchanges

    /// Takes a request on and sends its head: at once if that is all of it, else with what is written in this batch.
    func begin(_ request: UpstreamRequest) {
        self.request = request
        hasSent = false
        hasReceived = false
        responseDeadline = nil
        tunnel = nil
        body = RequestBodyState(request.framing)
        reader.begin(request.method)
        if body.isComplete {
            sendHead(of: request)
        } else {
            RequestHeadWriter.write(request, server: server, into: &output)
            queueFlush()
        }
        setTimer()
    }

    /// The delegate gave the exchange up.
    func abandonExchange() {
        request = nil
        close()
    }

    func finishExchange(trailers: FieldList?) {
        guard let request else { return }
        let isReusable = body.isComplete && output.isEmpty && !isWriteClosed && reader.keepsAlive && !client.isDraining
        self.request = nil
        // Before the delegate hears of it, since it may start the next request at once.
        if isReusable { becomeUnused() } else { close() }
        client.endAttempt(request)
        request.detach()?.upstreamEnd(request, trailers: trailers)
    }

    private func becomeUnused() {
        guard isOpen, server.unused.count < client.configuration.poolSize, !client.isDraining else { return close() }
        if let head { client.putHead(head) }
        head = nil
        isReused = true
        isPaused = false
        wasAboveHighWater = false
        output.releaseStorage()
        updateInterest()
        server.putUnused(self)
        setTimer()
    }

    func failExchange(_ error: UpstreamError) {
        guard let request else { return }
        self.request = nil
        close()
        if isServerAtFault(error) { client.serverFailed(request) }
        client.exchangeFailed(request, error, hasSent: hasSent)
    }

    /// Whether a failure says something about the server.
    ///
    /// Nothing that a client brings about by being slow does, nor does the end of a connection that was not in use.
    private func isServerAtFault(_ error: UpstreamError) -> Bool {
        switch error {
        case .closedEarly(let started): !started && body.isComplete && (hasReceived || !isReused)
        case .idleTimedOut(let started), .malformedResponse(_, let started): !started
        case .responseTimedOut, .unrequestedUpgrade: true
        default: false
        }
    }

    // MARK: Waiting

    func updateInterest() {
        let interest = SocketInterest(reads: !isPaused && tunnel?.hasEnded != true, writes: isWaitingToWrite)
        guard let registration else {
            // It was taken out when it hung up while paused.
            if isOpen, !isPaused {
                self.registration = try? loop.register(self, descriptor: link.descriptor, interest: interest)
                if self.registration == nil { failExchange(.outOfResources) }
            }
            return
        }
        loop.update(registration, interest: interest)
    }

    /// Arms the limit for what is being waited for; not for what the downstream side has to do.
    func setTimer() {
        guard isOpen else { return }
        if let deadline = deadline() {
            loop.arm(timer, at: deadline)
        } else {
            loop.disarm(timer)
        }
    }

    private func deadline() -> UInt64? {
        if tunnel != nil { return loop.deadline(after: client.configuration.idleTimeout) }
        guard let request else { return loop.deadline(after: client.configuration.poolTimeout) }
        if !output.isEmpty { return loop.deadline(after: client.configuration.idleTimeout) }
        if reader.hasStarted { return isPaused ? nil : loop.deadline(after: client.configuration.idleTimeout) }
        guard body.isComplete || isWriteClosed else { return nil }
        // Fixed once the request is out: what comes before the head, such as a 1xx, does not move it.
        let fixed =
            responseDeadline ?? loop.deadline(after: request.responseTimeout ?? client.configuration.responseTimeout)
        responseDeadline = fixed
        return fixed
    }
}

extension UpstreamConnection: LoopTimerHandler {
    func timerFired(_ timer: LoopTimer) {
        guard request != nil else {
            if tunnel == nil { server.removeUnused(self) }
            return close()
        }
        if output.isEmpty, !reader.hasStarted {
            failExchange(.responseTimedOut)
        } else {
            failExchange(.idleTimedOut(responseStarted: reader.hasStarted))
        }
    }
}

@available(*, unavailable)
extension UpstreamConnection: Sendable {}
