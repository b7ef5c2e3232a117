import Bytes
import HTTP
import HTTP2
import Transport

/// One client's HTTP/2 connection: each of its streams is an exchange.
///
/// Confined to its event loop.
///
/// How it works: the session turns bytes into events and back; `HTTP2ServerStream` makes a request and its response of
/// the events of one stream. What the streams want to send waits for the end of the batch, so that what belongs together
/// goes out together. The time-outs are in `HTTP2Connection+Timeouts.swift`; `HTTP2AbuseMeter` says when a client has
/// asked for too much, after which the connection ends with ENHANCE_YOUR_CALM.
final class HTTP2Connection {
    let stream: any ByteStream
    let server: ServerLoop
    let info: ConnectionInfo
    let loop: EventLoop

    private(set) var session: HTTP2Session?
    private(set) var isClosed = false
    @exclusivity(unchecked) var timing = HTTP2Timing()
    var timer: LoopTimer?
    /// Reads the one field block that may be under way.
    @exclusivity(unchecked) var reader: HTTP2RequestReader
    /// Streams that are not over.
    @exclusivity(unchecked) private(set) var streams: [HTTP2ServerStream] = []
    /// How far the end is.
    var ending = Ending.none

    @exclusivity(unchecked) private var meter: HTTP2AbuseMeter
    private var abuse: HTTP2Abuse?
    private var openedCount: UInt64 = 0
    /// Whether a field block has begun of which no stream has heard.
    var isBlockUntold = false
    /// Bytes of request bodies that wait for somebody to want them.
    private var bufferedCount = 0
    /// Bytes whose room in the connection's window was not given back yet.
    private var withheldCount = 0
    private let bufferLimit: Int
    /// How many frames may wait for a client that does not read them: some for each stream, and answers to its own.
    private let frameLimit: Int
    private var deliveries: [HTTP2ServerStream] = []
    private var isBatchEndQueued = false
    private(set) var peerHasEnded = false

    /// How a connection comes to its end (RFC 9113 §6.8).
    enum Ending {
        case none
        /// The client was told to open no more streams; those under way to us are still taken until then.
        case announced(until: UInt64)
        /// No more streams are taken.
        case final
    }

    init(stream: any ByteStream, server: ServerLoop, info: ConnectionInfo) {
        self.stream = stream
        self.server = server
        self.info = info
        loop = stream.loop
        reader = HTTP2RequestReader(limits: server.settings.headLimits)
        meter = HTTP2AbuseMeter(server.settings.http2)
        bufferLimit = Int(server.settings.http2.session.connectionWindow)
        frameLimit = 1000 + 4 * Int(server.settings.http2.session.concurrentStreams)
    }

    func start() {
        server.opened(self)
        timer = LoopTimer(self)
        stream.delegate = self
        beginWaiting()
        var settings = server.settings.http2.session
        let limits = server.settings.headLimits
        settings.headerListSize = UInt32(clamping: limits.headerSize + limits.targetSize)
        session = HTTP2Session(.server, settings: settings, encoder: server.fieldEncoder, delegate: self)
        guard session != nil else { return abort() }
        sessionNeedsFlush()
        if server.isDraining { drain() }
    }

    // MARK: Streams

    func add(_ stream: HTTP2ServerStream) {
        stream.place = streams.count
        streams.append(stream)
        openedCount += 1
        server.metrics?.streamOpened()
        if streams.count == 1 { beginExchanges() }
    }

    func remove(_ stream: HTTP2ServerStream) {
        guard stream.place < streams.count, streams[stream.place] === stream else { return }
        let last = streams.removeLast()
        if last !== stream {
            streams[stream.place] = last
            last.place = stream.place
        }
        server.metrics?.streamClosed()
        guard streams.isEmpty else { return }
        endExchanges()
        // The last stream of a connection that ends: there may be nothing to send, but there is to close.
        if case .none = ending { return }
        queueBatchEnd()
    }

    // MARK: Room for bodies

    /// Bytes of a body came and are gone already.
    func tookBody(_ count: Int) {
        session?.consumeConnection(count)
    }

    /// Bytes of a body came and wait.
    ///
    /// While there is not much of it the client may go on sending, so that a body that nobody wants yet does not hold up
    /// the others.
    func buffered(_ count: Int) {
        bufferedCount += count
        if bufferedCount > bufferLimit { withheldCount += count } else { session?.consumeConnection(count) }
    }

    /// Bytes that waited are gone.
    func unbuffered(_ count: Int) {
        bufferedCount -= count
        guard withheldCount > 0, bufferedCount <= bufferLimit else { return }
        session?.consumeConnection(withheldCount)
        withheldCount = 0
    }

    /// Asks for `deliver` at the end of the batch.
    func queueDelivery(_ stream: HTTP2ServerStream) {
        deliveries.append(stream)
        queueBatchEnd()
    }

    // MARK: Abuse

    /// Counts a stream that we end for what the client sent on it.
    func countProvokedReset() {
        found(meter.provokedReset(at: loop.now))
    }

    func found(_ abuse: HTTP2Abuse?) {
        guard let abuse, self.abuse == nil, !isClosed else { return }
        self.abuse = abuse
        server.metrics?.abused(abuse)
        session?.terminate(.enhanceYourCalm)
        queueBatchEnd()
    }

    // MARK: Ends

    func drain() {
        guard case .none = ending, !isClosed else { return }
        ending = .announced(until: loop.now + HTTP2Timing.announcement)
        session?.submitShutdownNotice()
        session?.ping()
        watchEnding()
    }

    /// Takes no more streams; the connection closes when the last one is over.
    func endAnnouncement() {
        guard case .announced = ending else { return }
        ending = .final
        session?.goaway()
        queueBatchEnd()
    }

    func closeGracefully() {
        guard !isClosed else { return }
        isClosed = true
        stream.closeGracefully()
        cleanUp()
    }

    func abort() {
        guard !isClosed else { return }
        isClosed = true
        stream.abort()
        cleanUp()
    }

    private func cleanUp() {
        if let timer { loop.disarm(timer) }
        timer = nil
        session?.delegate = nil
        session = nil
        server.dismiss(info.peer)
        server.closed(self)
        while let stream = streams.popLast() {
            server.metrics?.streamClosed()
            stream.cut()
        }
    }

    private func failed(_ error: HTTP2SessionError) {
        switch error {
        case .tooManyContinuations:
            found(.continuationFlood)
        case .flooded:
            found(.unreadAnswers)
        case .badPreface, .failed:
            abort()
        }
    }

    private func queueBatchEnd() {
        guard !isBatchEndQueued else { return }
        isBatchEndQueued = true
        loop.atEndOfBatch(self)
    }

    private func flush() {
        do throws(HTTP2SessionError) { try session?.flush() } catch { return failed(error) }
        closeIfOver()
    }

    /// Sends what can be sent at once, then says that the connection is over.
    func flushAndTerminate() {
        flush()
        session?.terminate(.none)
        flush()
        closeGracefully()
    }

    private func closeIfOver() {
        guard let session, !isClosed else { return }
        if session.isOver || abuse != nil { return closeGracefully() }
        // The windows of a peer that has ended stay as they are.
        if peerHasEnded { for stream in streams.reversed() where stream.stream.needsWindow { stream.giveUp() } }
        guard !isClosed else { return }
        // After the peer's FIN nothing more can come: what was asked completely has been answered.
        if peerHasEnded, streams.isEmpty, session.streams.isEmpty { closeGracefully() }
    }
}

extension HTTP2Connection: ServerConnection {
    var spokenProtocol: HTTPProtocol { .http2 }

    func renew() { drain() }
}

extension HTTP2Connection: ByteStreamDelegate, BatchEndHandler {
    func streamDidRead(_ bytes: UnsafeRawBufferPointer) {
        guard !isClosed, abuse == nil else { return }
        do throws(HTTP2SessionError) { try session?.receive(bytes) } catch { return failed(error) }
        // Of requests that were taken back, the heads of the answers are still there.
        if let session, session.queuedFrameCount > frameLimit { found(.unreadAnswers) }
    }

    func streamDidEnd() {
        // Whoever is cut off, or was killed, reads no answers any more.
        guard stream.hasCleanEnd else { return abort() }
        peerHasEnded = true
        session?.ping()
        for stream in streams where !stream.isRequestOver { stream.abort() }
        queueBatchEnd()
    }

    func streamDidDrain() {
        flush()
    }

    func streamDidClose(_ reason: StreamCloseReason) {
        guard !isClosed else { return }
        isClosed = true
        cleanUp()
    }

    func batchDidEnd() {
        isBatchEndQueued = false
        let due = deliveries
        deliveries.removeAll(keepingCapacity: true)
        // A tunnel that both sides have ended hands on what waits even when the connection is gone.
        for stream in due { stream.deliver() }
        if !isClosed { flush() }
    }
}

extension HTTP2Connection: HTTP2SessionDelegate {
    func sessionDidOpen(_ stream: HTTP2Stream) {
        stream.delegate = HTTP2ServerStream(stream, connection: self)
    }

    func sessionDidReceive(_ frame: HTTP2FrameHeader) {
        guard let session else { return }
        guard frame.type != .headers else {
            if isBlockUntold { found(meter.ignoredFields(at: loop.now)) }
            isBlockUntold = true
            return
        }
        found(meter.received(frame, sent: session.substantialFrameCount, streams: openedCount, at: loop.now))
    }

    func sessionDidReceiveInvalidFrame(_ frame: HTTP2FrameHeader) {
        countProvokedReset()
    }

    func sessionDidReceiveSettings() {
        // Only the first ones begin anything: settings again and again would keep a connection at rest for ever.
        if !timing.hasBegun { begin() }
    }

    func sessionDidReceivePingAcknowledgement() {
        endAnnouncement()
    }

    func sessionDidReceiveGoaway(lastStreamID: Int32, _ code: HTTP2ErrorCode) {}

    func sessionNeedsFlush() {
        queueBatchEnd()
    }

    func sessionWrite(_ bytes: UnsafeRawBufferPointer) {
        stream.write(bytes)
    }

    var sessionMayWrite: Bool { !isClosed && !stream.isAboveHighWater }
}

@available(*, unavailable)
extension HTTP2Connection: Sendable {}
