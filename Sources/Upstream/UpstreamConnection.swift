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
final class UpstreamConnection {
    let client: UpstreamClient
    let server: ServerPool
    let descriptor: Int32
    /// Carries the connection where it is TLS.
    let connector: CurlConnector?

    var registration: SocketRegistration?
    var output = ByteBuffer()
    var input = ByteBuffer()
    var request: UpstreamRequest?
    var head: ResponseHead?
    var reader: ResponseReader
    var body = RequestBodyState()
    private lazy var timer = LoopTimer(self)

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
    /// `input` is being read from, so it must stay where it is.
    var isParsing = false

    init(descriptor: Int32, connector: CurlConnector?, server: ServerPool, client: UpstreamClient) {
        self.descriptor = descriptor
        self.connector = connector
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
        registration = try? loop.register(self, descriptor: descriptor, interest: .readable)
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
        if let connector {
            connector.disconnect()
            server.putConnector(connector)
        } else {
            SocketTransfer.close(descriptor)
        }
    }

    /// Whether a connection that is not in use has nothing to say.
    var isQuiet: Bool { SocketTransfer.isQuiet(descriptor) }

    // MARK: Exchanges

    /// Takes a request on and sends its head: at once if that is all of it, else with what is written in this batch.
    func begin(_ request: UpstreamRequest) {
        self.request = request
        hasSent = false
        hasReceived = false
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
        client.exchangeSucceeded(request)
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
        let isStale = isReused && !hasReceived && error == .closedEarly(responseStarted: false)
        let outcome = AttemptOutcome(
            hasSent: hasSent,
            isServerAtFault: !isStale && error != .bodyLengthMismatch
        )
        client.exchangeFailed(request, error, on: outcome)
    }

    // MARK: Waiting

    func updateInterest() {
        var interest: SocketInterest = []
        if !isPaused { interest.insert(.readable) }
        if isWaitingToWrite { interest.insert(.writable) }
        guard let registration else {
            // It was taken out when it hung up while paused.
            if isOpen, !isPaused {
                self.registration = try? loop.register(self, descriptor: descriptor, interest: interest)
                if self.registration == nil { failExchange(.outOfResources) }
            }
            return
        }
        loop.update(registration, interest: interest)
    }

    /// Arms the limit for what is being waited for; not for what the downstream side has to do.
    func setTimer() {
        guard isOpen else { return }
        let configuration = client.configuration
        let limit: UInt64
        if let request {
            if !output.isEmpty {
                limit = configuration.idleTimeout
            } else if !reader.hasStarted {
                guard body.isComplete || isWriteClosed else { return loop.disarm(timer) }
                limit = request.responseTimeout ?? configuration.responseTimeout
            } else {
                guard !isPaused else { return loop.disarm(timer) }
                limit = configuration.idleTimeout
            }
        } else {
            limit = configuration.poolTimeout
        }
        let (deadline, overflows) = loop.now.addingReportingOverflow(limit)
        loop.arm(timer, at: overflows ? .max - 1 : deadline)
    }
}

extension UpstreamConnection: LoopTimerHandler {
    func timerFired(_ timer: LoopTimer) {
        guard request != nil else {
            server.removeUnused(self)
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
