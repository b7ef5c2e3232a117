import Bytes
import HTTP
import HTTP2
import Transport

/// One connection of HTTP/2 to a server, which carries many exchanges at a time.
///
/// Confined to its event loop.
///
/// How it works: a new connection waits for the server's settings, so that it is known to speak HTTP/2, and how many
/// streams it takes, before any request goes out. What is to be sent gathers in the session until the end of a batch.
/// The connection's own window opens again for whatever is read, so that a paused exchange never stops the others; how
/// much a server can send to that one is bounded by the window of its stream.
final class UpstreamHTTP2Connection {
    let client: UpstreamClient
    let server: ServerPool
    let link: ServerLink
    private(set) var session: HTTP2Session?
    var registration: SocketRegistration?
    var output = ByteBuffer()
    /// Exchanges under way.
    private var exchanges: [UpstreamHTTP2Exchange] = []
    var phase: Phase
    private var frames: FrameAllowance
    /// Streams that we have reset.
    private var resetCount = 0
    lazy var timer = LoopTimer(self)
    /// When something was last received.
    var receivedAt: UInt64

    var hasSettings = false
    var isFlushQueued = false
    var isFlushing = false
    var isWaitingToWrite = false
    /// The server takes nothing more, though it may still have answered.
    var isWriteClosed = false

    enum Phase {
        /// The server's settings are not there yet.
        case opening(UpstreamDialer)
        case open
        /// No exchange begins any more.
        case retired
        case closed
    }

    /// The most exchanges at a time; more open another connection.
    static let streamLimit = 100
    /// Resets after which a connection is retired; a server that takes them for an attack would cut off all that it carries.
    private static let resetLimit = 100
    /// Also the most that a paused exchange still receives.
    private static let streamWindow: UInt32 = 64 << 10
    private static let connectionWindow: UInt32 = 1 << 20
    /// Bytes of frames that may wait for the socket.
    private static let outputLimit = 64 << 10

    /// Takes over a connection that was made; its dialer is told when requests may begin.
    init(_ link: ServerLink, server: ServerPool, client: UpstreamClient, dialer: UpstreamDialer) {
        self.link = link
        self.server = server
        self.client = client
        phase = .opening(dialer)
        frames = FrameAllowance(now: client.loop.now)
        receivedAt = client.loop.now
    }

    var loop: EventLoop { client.loop }

    /// Sends the preface and waits for that of the server; false, and closed, when there is no room for it.
    func open() -> Bool {
        let settings = HTTP2SessionSettings(
            streamWindow: Self.streamWindow,
            connectionWindow: Self.connectionWindow,
            headerListSize: UInt32(clamping: client.configuration.responseHeaderSize)
        )
        session = HTTP2Session(.client, settings: settings, encoder: client.fieldEncoder, delegate: self)
        registration = try? loop.register(self, descriptor: link.descriptor, interest: .readable)
        guard session != nil, registration != nil else {
            close()
            return false
        }
        loop.arm(timer, at: loop.deadline(after: client.configuration.connectTimeout))
        flush()
        return true
    }

    // MARK: Exchanges

    var isOpen: Bool {
        if case .closed = phase { return false }
        return true
    }

    var isUnused: Bool { exchanges.isEmpty }

    /// How many exchanges the server lets us have at a time.
    var capacity: Int { min(session?.peerConcurrentStreams ?? 0, Self.streamLimit) }

    /// Whether one more exchange may begin.
    var hasRoom: Bool {
        guard case .open = phase, let session else { return false }
        return exchanges.count < capacity && session.mayOpenStreams
    }

    /// Sends the head of a request; nil, and retired, when the connection takes no more.
    func begin(_ request: UpstreamRequest) -> UpstreamHTTP2Exchange? {
        guard let session else { return nil }
        MultiplexedRequestHead.write(request, server: server, into: client.fieldEncoder)
        let exchange = UpstreamHTTP2Exchange(request, connection: self)
        guard
            let stream = session.request(
                client.fieldEncoder,
                endsStream: request.framing == .none,
                delegate: exchange
            )
        else {
            retire()
            return nil
        }
        loop.disarm(timer)
        exchange.place = exchanges.count
        exchanges.append(exchange)
        exchange.begin(on: stream)
        return exchange
    }

    /// An exchange is over.
    func remove(_ exchange: UpstreamHTTP2Exchange) {
        let last = exchanges.removeLast()
        if last !== exchange {
            exchanges[exchange.place] = last
            last.place = exchange.place
        }
        guard exchanges.isEmpty, isOpen else { return }
        if output.isEmpty { output.releaseStorage() }
        if case .retired = phase { return endGracefully() }
        if client.isDraining { return retire() }
        loop.arm(timer, at: loop.deadline(after: client.configuration.poolTimeout))
    }

    /// An exchange was broken off: where clients do that again and again, what others ask for goes another way.
    func countReset() {
        resetCount += 1
        if resetCount >= Self.resetLimit { retire() }
    }

    /// Begins no more exchanges, and closes when those under way are over.
    func retire() {
        guard case .open = phase else { return }
        phase = .retired
        server.remove(self)
        if exchanges.isEmpty { endGracefully() }
    }

    /// Closes once the farewell is out.
    private func endGracefully() {
        session?.goaway()
        loop.arm(timer, at: loop.deadline(after: client.configuration.connectTimeout))
        sessionNeedsFlush()
    }

    // MARK: Ends

    /// The dialer gave up, or there is nothing more to be done.
    func close() {
        guard isOpen else { return }
        server.remove(self)
        phase = .closed
        loop.disarm(timer)
        if let registration { loop.deregister(registration) }
        registration = nil
        output.releaseStorage()
        session?.delegate = nil
        session = nil
        link.close(to: server)
    }

    /// The connection is of no use any more, and what it carries fails.
    ///
    /// - Parameter isBroken: Whether the server is to blame for that, or just closed it.
    func fail(isBroken: Bool) {
        guard isOpen else { return }
        if isBroken { flush() }
        guard isOpen else { return }
        if case .opening(let dialer) = phase {
            close()
            return dialer.connectionFailed(.unreachable(.other("the server does not speak HTTP/2")))
        }
        close()
        // One loss of a connection is one failure, whatever it carried.
        var isCounted = false
        while let exchange = exchanges.last {
            isCounted = exchange.connectionFailed(isBroken: isBroken, isCounted: isCounted) || isCounted
        }
    }
}

// MARK: Events

extension UpstreamHTTP2Connection: HTTP2SessionDelegate {
    func sessionDidOpen(_ stream: HTTP2Stream) {}

    func sessionDidReceive(_ frame: HTTP2FrameHeader) {
        if frame.type == .data, frame.length > 0 { return }
        frames.earn(for: session?.messageFrameCount ?? 0)
        if frame.hasTooManySettings || !frames.spend(at: loop.now) { session?.terminate(.enhanceYourCalm) }
    }

    func sessionDidReceiveInvalidFrame(_ frame: HTTP2FrameHeader) {}

    func sessionDidReceiveSettings() {
        hasSettings = true
    }

    func sessionDidReceivePingAcknowledgement() {}

    func sessionDidReceiveGoaway(lastStreamID: Int32, _ code: HTTP2ErrorCode) {
        retire()
    }

    func sessionNeedsFlush() {
        guard !isFlushQueued, !isWaitingToWrite else { return }
        isFlushQueued = true
        loop.atEndOfBatch(self)
    }

    func sessionWrite(_ bytes: UnsafeRawBufferPointer) {
        if !isWriteClosed { output.append(bytes) }
    }

    var sessionMayWrite: Bool { output.count < Self.outputLimit }
}

extension UpstreamHTTP2Connection: LoopTimerHandler {
    /// The server did not send its settings, the connection was unused for too long, or nobody takes the farewell.
    func timerFired(_ timer: LoopTimer) {
        switch phase {
        case .opening(let dialer):
            close()
            dialer.connectionFailed(.connectTimedOut)
        case .open: retire()
        case .retired, .closed: close()
        }
    }
}

@available(*, unavailable)
extension UpstreamHTTP2Connection: Sendable {}

extension EventLoop {
    /// The time this many nanoseconds from now.
    func deadline(after nanoseconds: UInt64) -> UInt64 {
        let (sum, overflows) = now.addingReportingOverflow(nanoseconds)
        return overflows ? .max - 1 : sum
    }
}
