import CCurl
import Glibc
import Transport

/// Told once how connecting ended; never within `connect()`.
protocol CurlConnectorDelegate: AnyObject {
    /// The connection is there: a descriptor that now belongs to the delegate, or -1 where the connector carries TLS.
    func connectorConnected(_ connector: CurlConnector, descriptor: Int32)
    func connectorFailed(_ connector: CurlConnector, _ error: UpstreamError)
}

/// Connects to one server by libcurl: resolving, several addresses, the TLS handshake with its checks.
///
/// Confined to its event loop.
///
/// How it works: a `CURLOPT_CONNECT_ONLY` transfer, driven by the multi-socket interface. A plain connection's
/// descriptor is taken away from libcurl at once (it believes to close it), and the connector can make the next one. A
/// TLS connection stays in the connector, which then reads and writes it, until `disconnect()`.
final class CurlConnector {
    var delegate: (any CurlConnectorDelegate)?

    private let loop: EventLoop
    private let handles: CurlHandles
    private let isSecure: Bool
    private var state = State.unused
    private var watches: [CurlSocketWatch] = []
    private var timer: LoopTimer?
    private var isTurnQueued = false
    /// The descriptor that libcurl must not close, because it was taken over.
    private var keptDescriptor: Int32 = -1

    private enum State {
        case unused
        case connecting
        case connected
    }

    /// Milliseconds.
    private static let longestWait = 3_600_000

    /// Makes a connector, or returns nil when there is no memory or descriptor for it.
    init?(
        server: UpstreamServer,
        configuration: UpstreamConfiguration,
        tls: UpstreamTLS?,
        share: CurlShare,
        loop: EventLoop
    ) {
        let handles = CurlHandles(server: server, configuration: configuration, tls: tls, share: share)
        guard let handles else { return nil }
        self.handles = handles
        self.loop = loop
        isSecure = server.isSecure
        let context = Unmanaged.passUnretained(self).toOpaque()
        let multi = handles.multi
        guard ccurl_multi_set_socket_callback(multi, Self.socketCallback) == CURLM_OK,
            ccurl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, context) == CURLM_OK,
            ccurl_multi_set_timer_callback(multi, Self.timerCallback) == CURLM_OK,
            ccurl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, context) == CURLM_OK,
            ccurl_set_close_socket(handles.easy, Self.closeCallback, context) == CURLE_OK
        else { return nil }
    }

    deinit {
        // The callbacks point here until the transfer is out of the multi handle.
        disconnect()
        if let timer { loop.disarm(timer) }
    }

    /// Begins to connect; the outcome comes later, in one call of the delegate.
    ///
    /// - Parameter offersHTTP2: Whether a TLS server may choose HTTP/2.
    func connect(offersHTTP2: Bool) {
        precondition(state == .unused, "a connector makes one connection at a time")
        state = .connecting
        handles.offersHTTP2 = offersHTTP2
        // libcurl asks for a turn at once by its timer callback.
        _ = curl_multi_add_handle(handles.multi, handles.easy)
        queueTurn()
    }

    /// Ends whatever is there: an attempt, of which nothing more is told, or a TLS connection.
    func disconnect() {
        delegate = nil
        guard state != .unused else { return }
        state = .unused
        curl_multi_remove_handle(handles.multi, handles.easy)
        removeWatches()
    }

    /// The descriptor of the TLS connection, to be watched and left alone.
    var descriptor: Int32 {
        var socket: curl_socket_t = -1
        return ccurl_get_socket(handles.easy, &socket) == CURLE_OK ? socket : -1
    }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        var count = 0
        switch curl_easy_recv(handles.easy, buffer.baseAddress, buffer.count, &count) {
        case CURLE_OK where count > 0: return .bytes(count)
        case CURLE_OK: return hasEndedProperly ? .end : .failed
        case CURLE_AGAIN: return .wouldBlock
        default: return .failed
        }
    }

    func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        var count = 0
        switch curl_easy_send(handles.easy, bytes.baseAddress, bytes.count, &count) {
        case CURLE_OK: return .bytes(count)
        case CURLE_AGAIN: return .wouldBlock
        default: return .failed
        }
    }

    /// Whether the server of the TLS connection chose HTTP/2.
    var hasChosenHTTP2: Bool { handles.hasChosenHTTP2 }

    /// Says in the way of TLS that nothing more is sent; what was given to `send` must have gone out.
    func closeWriting() {
        guard let session = handles.session else { return }
        withUnsafeTemporaryAllocation(byteCount: UpstreamTLS.goodbyeSize, alignment: 1) { room in
            // A socket that takes nothing now gets the end of the stream without it.
            _ = SocketTransfer.send(descriptor, UpstreamTLS.sayGoodbye(session, into: room))
        }
    }

    // libcurl reports a cut connection like a closed one.
    private var hasEndedProperly: Bool { handles.session.map(UpstreamTLS.hasEndedProperly) ?? false }
}

@available(*, unavailable)
extension CurlConnector: Sendable {}

// MARK: Driving

extension CurlConnector: LoopTimerHandler, BatchEndHandler {
    func timerFired(_ timer: LoopTimer) {
        drive(-1, 0)
    }

    func batchDidEnd() {
        isTurnQueued = false
        drive(-1, 0)
    }

    /// Lets libcurl work on a descriptor, or on its time-outs with -1.
    fileprivate func drive(_ descriptor: Int32, _ events: Int32) {
        guard state == .connecting else { return }
        var running: Int32 = 0
        _ = curl_multi_socket_action(handles.multi, descriptor, events, &running)
        if running == 0 { finish() }
    }

    private func finish() {
        var left: Int32 = 0
        var code = CURLE_FAILED_INIT
        while let message = curl_multi_info_read(handles.multi, &left) {
            if message.pointee.msg == CURLMSG_DONE { code = message.pointee.data.result }
        }
        removeWatches()
        let told = delegate
        delegate = nil
        guard code == CURLE_OK else {
            let error = handles.failure(code)
            disconnect()
            told?.connectorFailed(self, error)
            return
        }
        if isSecure {
            state = .connected
            told?.connectorConnected(self, descriptor: -1)
        } else {
            keptDescriptor = descriptor
            let taken = keptDescriptor
            disconnect()
            keptDescriptor = -1
            told?.connectorConnected(self, descriptor: taken)
        }
    }

    private func queueTurn() {
        guard !isTurnQueued else { return }
        isTurnQueued = true
        loop.atEndOfBatch(self)
    }

    private func removeWatches() {
        for watch in watches { watch.stop(on: loop) }
        watches.removeAll(keepingCapacity: true)
        if let timer { loop.disarm(timer) }
    }
}

// MARK: Callbacks

extension CurlConnector {
    private func watch(_ descriptor: Int32, _ what: Int32) {
        let known = watches.firstIndex { $0.descriptor == descriptor }
        if what == CURL_POLL_REMOVE {
            if let known { watches.remove(at: known).stop(on: loop) }
            return
        }
        let interest = SocketInterest(reads: what & CURL_POLL_IN != 0, writes: what & CURL_POLL_OUT != 0)
        if let known {
            watches[known].update(interest, on: loop)
        } else {
            // If the loop refuses, the attempt ends by its time-out.
            watches.append(CurlSocketWatch(descriptor, interest: interest, connector: self, loop: loop))
        }
    }

    private func setTimer(_ milliseconds: Int) {
        guard state == .connecting else { return }
        if milliseconds == 0 { return queueTurn() }
        let timer = timer ?? LoopTimer(self)
        self.timer = timer
        if milliseconds < 0 {
            loop.disarm(timer)
        } else {
            loop.arm(timer, at: loop.now + UInt64(min(milliseconds, Self.longestWait)) * 1_000_000)
        }
    }

    // SAFETY: the context is the connector that owns the handles, and `disconnect` in its `deinit` ends the callbacks.
    private static func connector(_ context: UnsafeMutableRawPointer?) -> CurlConnector? {
        context.map { Unmanaged<CurlConnector>.fromOpaque($0).takeUnretainedValue() }
    }

    private static let socketCallback: ccurl_socket_callback = { _, descriptor, what, context, _ in
        connector(context)?.watch(descriptor, what)
        return 0
    }

    private static let timerCallback: ccurl_timer_callback = { _, milliseconds, context in
        connector(context)?.setTimer(milliseconds)
        return 0
    }

    private static let closeCallback: curl_closesocket_callback = { context, descriptor in
        guard let connector = connector(context), connector.keptDescriptor == descriptor else {
            return close(descriptor)
        }
        return 0
    }
}

/// One descriptor that libcurl wants to hear of.
///
/// Confined to its event loop.
private final class CurlSocketWatch: SocketHandler {
    let descriptor: Int32
    private unowned let connector: CurlConnector
    private var registration: SocketRegistration?

    init(_ descriptor: Int32, interest: SocketInterest, connector: CurlConnector, loop: EventLoop) {
        self.descriptor = descriptor
        self.connector = connector
        registration = try? loop.register(self, descriptor: descriptor, interest: interest)
    }

    func update(_ interest: SocketInterest, on loop: EventLoop) {
        if let registration { loop.update(registration, interest: interest) }
    }

    func stop(on loop: EventLoop) {
        if let registration { loop.deregister(registration) }
        registration = nil
    }

    func socketReady(_ events: SocketEvents) {
        var bits: Int32 = 0
        if events.isReadable { bits |= CURL_CSELECT_IN }
        if events.isWritable { bits |= CURL_CSELECT_OUT }
        if events.isBroken { bits |= CURL_CSELECT_ERR }
        connector.drive(descriptor, bits)
    }
}

@available(*, unavailable)
extension CurlSocketWatch: Sendable {}
