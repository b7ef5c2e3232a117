import Bytes
import HTTP
import Transport

/// One client's HTTP/1 connection: it reads requests one after the other and writes their responses.
///
/// Confined to its event loop.
///
/// How it works: `process` takes as much of the received bytes as the state allows. What it may not take yet (a pipelined
/// request, a body that nobody wants now) waits in `input`, and when that grows, in the kernel. `HTTP1ConnectionState`
/// decides what comes next; the time-outs are in `HTTP1Connection+Timeouts.swift`, the response side in
/// `HTTP1Connection+Response.swift`.
final class HTTP1Connection {
    let stream: any ByteStream
    let server: ServerLoop
    let info: ConnectionInfo
    let loop: EventLoop

    var state = HTTP1ConnectionState()
    var exchange: HTTPExchange?
    var response = ResponseProgress()
    var timing = ConnectionTiming()
    var timer: LoopTimer?
    var isClosed = false

    private var parser: RequestHeadParser
    /// A head that is partly read.
    private var partialHead: RequestHead?
    private var input = ByteBuffer()
    private var bodyLeft: UInt64 = 0
    private var chunks: ChunkedDecoder?
    private var isBodyPaused = true
    private var isProcessing = false
    private var isProcessingQueued = false
    private var isReadingPaused = false
    /// Requests wait in `input` until what was answered is read.
    private var isWaitingForRoom = false

    /// Bytes that may wait in `input` before the kernel has to keep them.
    private static let inputLimit = 64 * 1024

    init(stream: any ByteStream, server: ServerLoop, info: ConnectionInfo) {
        self.stream = stream
        self.server = server
        self.info = info
        loop = stream.loop
        parser = RequestHeadParser(limits: server.settings.headLimits)
    }

    func start() {
        server.opened(self)
        timer = LoopTimer(self)
        stream.delegate = self
        beginWaiting(isFirst: true)
        if server.isDraining { drain() }
    }

    // MARK: Reading

    /// Takes what it may of the bytes and returns how many that were.
    private func process(_ bytes: UnsafeRawBufferPointer) -> Int {
        isProcessing = true
        defer { isProcessing = false }
        var offset = 0
        while offset < bytes.count, !isClosed {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let taken: Int
            switch state.request {
            case .head: taken = exchange == nil && hasRoom() ? readHead(rest) : 0
            case .body: taken = isBodyPaused ? 0 : readBody(rest)
            case .discarding: taken = readBody(rest)
            case .tunnel: taken = isBodyPaused ? 0 : readTunnel(rest)
            case .complete: taken = 0
            case .tunnelEnded, .closed: return bytes.count
            }
            if taken == 0 { break }
            offset += taken
        }
        return isClosed ? bytes.count : offset
    }

    /// Whether another answer may be written: a client that does not read them gets no more (`streamDidDrain` goes on).
    private func hasRoom() -> Bool {
        let waits = !isWritable
        if waits != isWaitingForRoom {
            isWaitingForRoom = waits
            // A head that was begun is late only while it is read.
            if partialHead != nil { if waits { beginWaiting(isFirst: false) } else { beginHead() } }
        }
        return !waits
    }

    private func processInput() {
        guard !isProcessing, !isClosed else { return }
        let taken = process(input.bytes)
        guard !isClosed else { return }
        input.consume(taken)
        if input.isEmpty { input.releaseStorage() }
        updateReading()
        if state.peerHasEnded, input.isEmpty {
            if state.request == .body { return closeGracefully() }
            if state.request == .tunnel { return tunnelRead() }
        }
        closeIfPeerIsDone()
    }

    func queueProcessing() {
        guard !isProcessing, !isProcessingQueued, !input.isEmpty || hasUntoldEnd else { return }
        isProcessingQueued = true
        loop.atEndOfBatch(self)
    }

    private func readHead(_ bytes: UnsafeRawBufferPointer) -> Int {
        let head = partialHead ?? server.takeHead()
        do {
            guard let taken = try parser.parse(bytes, into: head) else {
                if partialHead == nil { beginHead() }
                partialHead = head
                return 0
            }
            partialHead = nil
            begin(head)
            return taken
        } catch {
            partialHead = nil
            refuse(head, .malformed(error))
            return bytes.count
        }
    }

    private func begin(_ head: RequestHead) {
        let framing = head.framing
        state.headRead(keepsAlive: head.keepsAlive, hasBody: framing != .none)
        isBodyPaused = true
        bodyLeft = 0
        switch framing {
        case .none, .untilClose: break
        case .length(let count): bodyLeft = count
        case .chunked: chunks = ChunkedDecoder(limits: server.settings.headLimits)
        }
        let exchange = HTTPExchange(loop: loop, head: head, connection: info, transport: self)
        exchange.isRequestComplete = framing == .none
        self.exchange = exchange
        response = ResponseProgress()
        beginExchange()
        server.handler.handle(exchange)
    }

    /// Lets the handler answer what can't be read, after which the connection closes.
    func refuse(_ head: RequestHead?, _ fault: RequestFault) {
        state.requestFailed()
        let exchange = HTTPExchange(
            loop: loop,
            head: head ?? server.takeHead(),
            connection: info,
            transport: self
        )
        exchange.isRequestComplete = true
        self.exchange = exchange
        response = ResponseProgress()
        beginExchange()
        server.handler.refuse(exchange, fault)
    }

    func refusePartialHead(_ fault: RequestFault) {
        let head = partialHead
        partialHead = nil
        refuse(head, fault)
    }

    // MARK: Bodies

    /// Bytes of the request body that have not come yet; nil for chunks.
    var missingBody: UInt64? { chunks == nil ? bodyLeft : nil }

    private func readBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard chunks == nil else { return readChunks(bytes) }
        let count = Int(min(bodyLeft, UInt64(bytes.count)))
        bodyLeft -= UInt64(count)
        let isLast = bodyLeft == 0
        deliver(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        if isLast { bodyEnded(trailers: nil) }
        return count
    }

    private func readChunks(_ bytes: UnsafeRawBufferPointer) -> Int {
        var taken = 0
        while taken < bytes.count, !isClosed, state.request == .discarding || state.request == .body && !isBodyPaused {
            do {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[taken...])
                switch try chunks?.next(rest, consumed: &taken) {
                case .data(let data):
                    if announcesTooMuch(data.count) {
                        bodyFailed(.bodyTooLarge)
                        return bytes.count
                    }
                    deliver(data)
                case .end:
                    let trailers = chunks?.trailers
                    chunks = nil
                    bodyEnded(trailers: trailers)
                    return taken
                case .needMore, nil: return taken
                }
            } catch {
                bodyFailed(.malformed(error))
                return bytes.count
            }
        }
        return taken
    }

    /// Whether the current chunk alone will go over the limit: there is no point in waiting for it.
    private func announcesTooMuch(_ count: Int) -> Bool {
        guard let exchange, let left = chunks?.remainingInChunk else { return false }
        let (announced, overflow) = (exchange.requestBodySize + UInt64(count)).addingReportingOverflow(left)
        return overflow || announced > exchange.bodySizeLimit
    }

    private func deliver(_ bytes: UnsafeRawBufferPointer) {
        timing.bodyBytes &+= UInt64(bytes.count)
        if state.request == .discarding {
            // Chunks come here only when a response ends in the middle of a body whose size nobody knows.
            if timing.bodyBytes > HTTP1ConnectionState.discardLimit * 2 { closeGracefully() }
            return
        }
        guard let exchange, bytes.count > 0 else { return }
        exchange.requestBodySize += UInt64(bytes.count)
        if exchange.requestBodySize > exchange.bodySizeLimit { return bodyFailed(.bodyTooLarge) }
        exchange.delegate?.exchangeBody(exchange, bytes)
    }

    private func bodyEnded(trailers: FieldList?) {
        if state.request == .discarding {
            state.discarded()
            if state.isDraining { return closeGracefully() }
            beginWaiting(isFirst: false)
            return closeIfPeerIsDone()
        }
        guard state.request == .body, let exchange else { return }
        state.bodyRead()
        exchange.isRequestComplete = true
        exchange.delegate?.exchangeBodyEnded(exchange, trailers: trailers)
    }

    /// The rest of the body can't be read; whoever has the exchange answers, or it is cut.
    func bodyFailed(_ fault: RequestFault) {
        let wasDiscarding = state.request == .discarding
        state.requestFailed()
        guard !wasDiscarding, let exchange else { return closeGracefully() }
        guard let delegate = exchange.delegate else { return abort() }
        delegate.exchangeBodyFailed(exchange, fault)
    }

    func pauseBody() {
        guard state.request == .body || state.request == .tunnel else { return }
        isBodyPaused = true
        pauseBodyClock()
        updateReading()
    }

    func resumeBody() {
        guard isBodyPaused else { return }
        isBodyPaused = false
        resumeBodyClock()
        updateReading()
        queueProcessing()
    }

    /// Reads on unless what was read already waits: for a response to be written or for a body to be wanted.
    private func updateReading() {
        let isWanted = !isBodyPaused || state.request != .body && state.request != .tunnel
        let waits = input.count > Self.inputLimit || !input.isEmpty && !isWanted
        guard waits != isReadingPaused else { return }
        isReadingPaused = waits
        if waits { stream.pauseReading() } else { stream.resumeReading() }
    }

    // MARK: Ends

    /// The exchange is over: what comes next is the state's to say.
    func exchangeFinished() {
        guard let exchange else { return }
        self.exchange = nil
        let next = state.responseEnded()
        chunks = next == .discard ? chunks : nil
        exchange.end(.completed)
        server.giveBack(exchange.head)
        guard !isClosed else { return }
        switch next {
        case .request:
            beginWaiting(isFirst: false)
            queueProcessing()
            updateReading()
            if input.isEmpty, !isProcessing { closeIfPeerIsDone() }
        case .discard:
            timing.bodyBytes = 0
            // The answer may have come before anybody wanted the body; from here on it is the client's to send.
            resumeBodyClock()
            queueProcessing()
            updateReading()
        case .close:
            closeGracefully()
        }
    }

    /// After the peer's FIN nothing more can come: the last request that was complete has been answered.
    private func closeIfPeerIsDone() {
        guard state.peerHasEnded, !isClosed, exchange == nil else { return }
        // Whole requests may still stand in `input`, before their turn or until there is room for their answers.
        guard !isProcessing, !isProcessingQueued, !isWaitingForRoom else { return }
        closeGracefully()
    }

    /// - Parameter outcome: How an exchange that is under way has ended by that.
    func closeGracefully(_ outcome: ExchangeOutcome = .cancelled) {
        guard !isClosed else { return }
        stream.closeGracefully()
        cleanUp(outcome)
    }

    func abort() {
        guard !isClosed else { return }
        stream.abort()
        cleanUp(.cancelled)
    }

    func drain() {
        state.drain()
        // A client may have sent a request that is still on its way; closing gracefully lets it see that we closed.
        if exchange == nil, partialHead == nil, input.isEmpty, state.request == .head { closeGracefully() }
    }

    private func cleanUp(_ outcome: ExchangeOutcome) {
        isClosed = true
        if let timer { loop.disarm(timer) }
        timer = nil
        chunks = nil
        if !isProcessing { input.releaseStorage() }
        if let partialHead { server.giveBack(partialHead) }
        partialHead = nil
        server.dismiss(info.peer)
        server.closed(self)
        guard let exchange else { return }
        self.exchange = nil
        exchange.end(outcome)
        server.giveBack(exchange.head)
    }
}

extension HTTP1Connection: ServerConnection {
    var spokenProtocol: HTTPProtocol { .http1 }

    func renew() {}
}

extension HTTP1Connection: ByteStreamDelegate, BatchEndHandler {
    func streamDidRead(_ bytes: UnsafeRawBufferPointer) {
        guard !isClosed else { return }
        if input.isEmpty {
            let taken = process(bytes)
            guard !isClosed, taken < bytes.count else { return }
            input.append(UnsafeRawBufferPointer(rebasing: bytes[taken...]))
            updateReading()
        } else {
            input.append(bytes)
            if isProcessingQueued { updateReading() } else { processInput() }
        }
    }

    func streamDidEnd() {
        state.peerEnded()
        // A half-close: what was asked completely is answered (RFC 9112 §9.6), what was not can't be.
        switch state.request {
        case .body where input.isEmpty || !isBodyPaused: closeGracefully()
        case .head, .discarding: closeIfPeerIsDone()
        case .tunnel where input.isEmpty: tunnelRead()
        case .body, .tunnel, .tunnelEnded, .complete, .closed: break
        }
    }

    func streamDidDrain() {
        guard let exchange else { return queueProcessing() }
        exchange.delegate?.exchangeDrained(exchange)
    }

    func streamDidClose(_ reason: StreamCloseReason) {
        guard !isClosed else { return }
        cleanUp(.cancelled)
    }

    func batchDidEnd() {
        isProcessingQueued = false
        processInput()
    }
}

@available(*, unavailable)
extension HTTP1Connection: Sendable {}
