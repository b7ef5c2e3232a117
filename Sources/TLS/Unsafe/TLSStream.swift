import Bytes
import COpenSSL
import Transport

/// Told when a TLS handshake is over.
package protocol TLSHandshakeDelegate: AnyObject {
    /// The connection is open; set the stream's `delegate` now. Nothing was read yet.
    func handshakeDidFinish(_ stream: TLSStream)
    /// It failed, stalled or the peer went away; the stream is closed.
    func handshakeDidFail(_ stream: TLSStream, _ reason: StreamCloseReason)
}

/// The server side of TLS over a TCP stream.
///
/// Confined to its event loop.
///
/// How it works: the TCP stream hands over what one read gave; OpenSSL takes it through a BIO and decrypts into the
/// loop's second scratch space, which the delegate gets in one call. Small writes gather in `plaintext` and become one
/// record at the end of the batch.
package final class TLSStream: ByteStream {
    package let loop: EventLoop
    package var delegate: (any ByteStreamDelegate)?

    private let transport: TCPStream
    /// Keeps what OpenSSL's callbacks point to.
    private let context: TLSContext
    private let ssl: OpaquePointer
    private var handshakeDelegate: (any TLSHandshakeDelegate)?
    private var handshakeTimer: LoopTimer?
    private var state = State.handshaking
    private var isPaused = false
    private var isPlaintextQueued = false
    private var isReadQueued = false
    private var isReading = false
    private var wasAboveHighWater = false
    private var isWriteClosed = false
    private var peerHasEnded = false
    /// Whether the peer has said by `close_notify` that it sends nothing more.
    private var peerSaidGoodbye = false
    private var isDecrypting = false
    /// Bytes that OpenSSL answered of itself although the peer takes none.
    private var unaskedBytes = 0

    /// The part of the current read that OpenSSL has not taken; nothing outside `streamDidRead`.
    private var received = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Ciphertext that came while reading was paused.
    private var held = ByteBuffer()
    private var plaintext = ByteBuffer()

    private enum State {
        case handshaking
        case open
        case closed
    }

    /// Bytes of plaintext in one record (RFC 8446 §5.1).
    private static let recordSize = 16384
    /// Each `KeyUpdate` may ask for one back (RFC 8446 §4.6.3): a peer that sends them and reads nothing is let go.
    private static let unaskedByteLimit = 16 * 1024

    /// Puts TLS on an accepted connection; nil when OpenSSL is out of memory.
    package init?(transport: TCPStream, context: TLSContext, handshakeDelegate: any TLSHandshakeDelegate) {
        guard let ssl = context.makeConnection() else { return nil }
        self.transport = transport
        self.context = context
        self.handshakeDelegate = handshakeDelegate
        self.ssl = ssl
        loop = transport.loop
        guard let bio = StreamBIO.make(for: self) else { return nil }
        SSL_set_bio(ssl, bio, bio)
        SSL_set_accept_state(ssl)
    }

    deinit {
        SSL_free(ssl)
    }

    /// The application protocol chosen by ALPN; nil when the client offered none.
    package var negotiatedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        guard let name, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    package var pendingByteCount: Int { plaintext.count + transport.pendingByteCount }

    package var sentByteCount: UInt64 { transport.sentByteCount }

    package var isAboveHighWater: Bool { pendingByteCount > WaterMark.high }

    /// RFC 8446 §6.1: whoever ends its direction sends `close_notify` first.
    package var hasCleanEnd: Bool { peerSaidGoodbye }

    /// Begins the handshake, which is cut off after `handshakeTimeout` nanoseconds.
    package func start(handshakeTimeout: UInt64) {
        let timer = LoopTimer(self)
        handshakeTimer = timer
        loop.arm(timer, at: loop.now + handshakeTimeout)
        transport.delegate = self
        transport.start()
    }

    package func start() {
        start(handshakeTimeout: 10_000_000_000)
    }

    package func write(_ bytes: UnsafeRawBufferPointer) {
        guard state == .open, !isWriteClosed, bytes.count > 0 else { return }
        if plaintext.count + bytes.count <= Self.recordSize {
            plaintext.append(bytes)
            if !isPlaintextQueued {
                isPlaintextQueued = true
                loop.atEndOfBatch(self)
            }
        } else {
            encryptGathered()
            encrypt(bytes)
        }
        if isAboveHighWater {
            // The transport must see it too, since it is what tells when there is room again.
            encryptGathered()
            wasAboveHighWater = true
        }
    }

    package func pauseReading() {
        guard !isPaused else { return }
        isPaused = true
        transport.pauseReading()
    }

    package func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        if !peerSaidGoodbye { transport.resumeReading() }
        queueRead()
    }

    package func closeWriting() {
        guard state == .open, !isWriteClosed else { return }
        sayGoodbye()
        transport.closeWriting()
    }

    package func closeGracefully() {
        guard state != .closed else { return }
        if state == .open, !isWriteClosed { sayGoodbye() }
        release()
        transport.closeGracefully()
    }

    /// RFC 8446 §6.1: `close_notify` ends our direction only.
    private func sayGoodbye() {
        encryptGathered()
        isWriteClosed = true
        ERR_clear_error()
        _ = SSL_shutdown(ssl)
    }

    package func abort() {
        guard state != .closed else { return }
        release()
        transport.abort()
    }

    private func release() {
        state = .closed
        delegate = nil
        handshakeDelegate = nil
        if let handshakeTimer { loop.disarm(handshakeTimer) }
        handshakeTimer = nil
        held.releaseStorage()
        plaintext.releaseStorage()
    }

    // MARK: The BIO's two ends

    func takeCiphertext(_ destination: UnsafeMutableRawPointer, _ count: Int) -> Int {
        if !held.isEmpty {
            let taken = min(count, held.count)
            guard let source = held.bytes.baseAddress else { return 0 }
            destination.copyMemory(from: source, byteCount: taken)
            held.consume(taken)
            if held.isEmpty { held.releaseStorage() }
            return taken
        }
        let taken = min(count, received.count)
        guard taken > 0, let source = received.baseAddress else { return 0 }
        destination.copyMemory(from: source, byteCount: taken)
        received = UnsafeRawBufferPointer(rebasing: received[taken...])
        return taken
    }

    func putCiphertext(_ bytes: UnsafeRawBufferPointer) {
        transport.write(bytes)
        if isDecrypting, transport.isAboveHighWater { unaskedBytes += bytes.count }
    }

    // MARK: Writing

    private func encryptGathered() {
        guard !plaintext.isEmpty else { return }
        encrypt(plaintext.bytes)
        plaintext.releaseStorage()
    }

    private func encrypt(_ bytes: UnsafeRawBufferPointer) {
        ERR_clear_error()
        var rest = bytes
        while rest.count > 0, state == .open {
            let written = SSL_write(ssl, rest.baseAddress, Int32(clamping: min(rest.count, 1 << 24)))
            guard written > 0 else { return fail(.security(OpenSSLError.take())) }
            rest = UnsafeRawBufferPointer(rebasing: rest[Int(written)...])
        }
    }

    // MARK: Reading

    private func queueRead() {
        guard !isReadQueued, state == .open, !held.isEmpty || SSL_has_pending(ssl) == 1 || peerHasEnded else { return }
        isReadQueued = true
        loop.atEndOfBatch(self)
    }

    private func proceed() {
        // A delegate's call may come back here; the outer round goes on with whatever is left.
        guard !isReading else { return }
        isReading = true
        defer { isReading = false }
        if state == .handshaking { shakeHands() }
        while state == .open, !isPaused, readOnce() {}
    }

    private func shakeHands() {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        guard result != 1 else { return handshakeFinished() }
        if SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return }
        let isPlainHTTP = copenssl_error_reason(ERR_peek_error()) == SSL_R_HTTP_REQUEST
        let reason = StreamCloseReason.security(OpenSSLError.take())
        if isPlainHTTP { Self.plainHTTPAnswer.withUTF8Buffer { transport.write(UnsafeRawBufferPointer($0)) } }
        let told = handshakeDelegate
        release()
        // The alert that says why is on its way.
        transport.closeGracefully()
        told?.handshakeDidFail(self, reason)
    }

    private func handshakeFinished() {
        state = .open
        if let handshakeTimer { loop.disarm(handshakeTimer) }
        handshakeTimer = nil
        let told = handshakeDelegate
        handshakeDelegate = nil
        told?.handshakeDidFinish(self)
    }

    /// Decrypts what there is, hands it over in one piece, and tells whether to go on.
    private func readOnce() -> Bool {
        let room = loop.secondScratch
        var filled = 0
        var outcome = SSL_ERROR_NONE
        while filled <= room.count - Self.recordSize {
            ERR_clear_error()
            isDecrypting = true
            let count = SSL_read(ssl, room.baseAddress.map { $0 + filled }, Int32(room.count - filled))
            isDecrypting = false
            guard count > 0 else {
                outcome = SSL_get_error(ssl, count)
                break
            }
            filled += Int(count)
            if received.count == 0, held.isEmpty, SSL_has_pending(ssl) == 0 {
                outcome = SSL_ERROR_WANT_READ
                break
            }
        }
        if filled > 0 { delegate?.streamDidRead(UnsafeRawBufferPointer(rebasing: room[..<filled])) }
        guard state == .open else { return false }
        if unaskedBytes > Self.unaskedByteLimit {
            fail(.security("the peer asks for answers and does not read them"))
            return false
        }
        switch outcome {
        case SSL_ERROR_NONE: return true
        case SSL_ERROR_WANT_READ: return false
        case SSL_ERROR_ZERO_RETURN:
            ignoreRest()
            ended()
            return false
        default:
            fail(.security(OpenSSLError.take()))
            return false
        }
    }

    /// What follows a `close_notify` is ignored (RFC 8446 §6.1), so it is left in the kernel.
    private func ignoreRest() {
        peerSaidGoodbye = true
        transport.pauseReading()
        received = UnsafeRawBufferPointer(start: nil, count: 0)
        held.releaseStorage()
    }

    private func ended() {
        guard !peerHasEnded else { return }
        peerHasEnded = true
        delegate?.streamDidEnd()
    }

    private func fail(_ reason: StreamCloseReason) {
        guard state != .closed else { return }
        let told = delegate
        let toldHandshake = handshakeDelegate
        release()
        if case .security = reason { transport.closeGracefully() } else { transport.abort() }
        told?.streamDidClose(reason)
        toldHandshake?.handshakeDidFail(self, reason)
    }

    private static let plainHTTPAnswer: StaticString = """
        HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 62\r\n\r\n\
        This port speaks HTTPS: use an address that begins with https:
        """
}

extension TLSStream: ByteStreamDelegate, BatchEndHandler, LoopTimerHandler {
    package func streamDidRead(_ bytes: UnsafeRawBufferPointer) {
        if held.isEmpty {
            received = bytes
        } else {
            held.append(bytes)
        }
        proceed()
        if received.count > 0 {
            if state != .closed { held.append(received) }
            received = UnsafeRawBufferPointer(start: nil, count: 0)
        }
    }

    package func streamDidEnd() {
        switch state {
        case .handshaking: fail(.reset)
        case .open: ended()
        case .closed: break
        }
    }

    package func streamDidDrain() {
        unaskedBytes = 0
        guard wasAboveHighWater else { return }
        wasAboveHighWater = false
        delegate?.streamDidDrain()
    }

    package func streamDidClose(_ reason: StreamCloseReason) {
        fail(reason)
    }

    package func batchDidEnd() {
        if isPlaintextQueued {
            isPlaintextQueued = false
            if state == .open { encryptGathered() }
        }
        if isReadQueued {
            isReadQueued = false
            proceed()
        }
    }

    package func timerFired(_ timer: LoopTimer) {
        fail(.security("handshake timed out"))
    }
}

@available(*, unavailable)
extension TLSStream: Sendable {}
