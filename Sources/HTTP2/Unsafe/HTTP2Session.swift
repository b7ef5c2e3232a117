import Bytes
import CNghttp2

/// One HTTP/2 connection without its socket: bytes go in, events and bytes come out (RFC 9113).
///
/// Confined to its event loop.
///
/// How it works: libnghttp2 keeps the frames, the windows, the compression and the states of streams. It is told not to
/// judge messages, since its users do that as they do for HTTP/1, and not to open windows by itself, since whoever takes
/// the bytes does that. Bodies go from the stream's own buffer to the delegate; the library writes only the frame's head.
package final class HTTP2Session {
    /// Which end of the connection we are.
    package enum Role: Sendable {
        case server
        case client
    }

    /// Held until it is set to nil, so the delegate may hold the session as well.
    package var delegate: (any HTTP2SessionDelegate)?
    package let role: Role
    /// The streams that are not over.
    @exclusivity(unchecked) package internal(set) var streams: [HTTP2Stream] = []

    /// DATA frames that were not cut short by a tiny window, so far.
    package internal(set) var substantialFrameCount: UInt64 = 0

    /// HEADERS and DATA frames that were handed over, so far.
    package internal(set) var messageFrameCount: UInt64 = 0

    let handle: OpaquePointer
    let encoder: HTTP2FieldEncoder
    /// The stream whose field block is being read; blocks never interleave (RFC 9113 §4.3).
    @exclusivity(unchecked) var fieldStream: HTTP2Stream?
    /// Streams whose output fell below the low-water mark during a flush.
    var drained: [HTTP2Stream] = []
    /// Whether the library is at work: it must not be entered again, so bytes for it wait.
    package private(set) var isBusy = false
    /// Bytes that came while the library was at work.
    private var postponed = ByteBuffer()
    private var isFlushAsked = false

    /// Begins a session; its first frames are ready for `flush`.
    ///
    /// Nil when there is no memory.
    package init?(
        _ role: Role,
        settings: HTTP2SessionSettings,
        encoder: HTTP2FieldEncoder,
        delegate: any HTTP2SessionDelegate
    ) {
        var made: OpaquePointer?
        let library = HTTP2Library.shared
        let code =
            switch role {
            case .server: nghttp2_session_server_new2(&made, library.callbacks, nil, library.options)
            case .client: nghttp2_session_client_new2(&made, library.callbacks, nil, library.options)
            }
        guard code == 0, let made else { return nil }
        handle = made
        self.role = role
        self.encoder = encoder
        self.delegate = delegate
        nghttp2_session_set_user_data(handle, Unmanaged.passUnretained(self).toOpaque())
        guard submit(settings) else { return nil }
    }

    deinit {
        for stream in streams { stream.close() }
        nghttp2_session_del(handle)
    }

    // MARK: Bytes

    /// Takes bytes of the peer, all of them; from within a call of the delegate, once that call is over.
    ///
    /// - Throws: What makes the session useless; `terminate` and a last `flush` may still tell the peer. Bytes that had to
    ///   wait are told of by the call that they waited for.
    package func receive(_ bytes: UnsafeRawBufferPointer) throws(HTTP2SessionError) {
        guard bytes.count > 0 else { return }
        if isBusy { return postponed.append(bytes) }
        try take(bytes)
        try takePostponed()
    }

    private func takePostponed() throws(HTTP2SessionError) {
        while !postponed.isEmpty {
            var bytes = ByteBuffer()
            swap(&bytes, &postponed)
            try take(bytes.bytes)
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) throws(HTTP2SessionError) {
        isBusy = true
        let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let code = nghttp2_session_mem_recv(handle, start, bytes.count)
        isBusy = false
        askForFlush()
        guard code < 0 else { return }
        postponed.releaseStorage()
        switch nghttp2_error(rawValue: Int32(clamping: code)) {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC: throw .badPreface
        case NGHTTP2_ERR_FLOODED: throw .flooded
        case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS: throw .tooManyContinuations
        default: throw .failed
        }
    }

    /// Sends what can be sent, as long as the delegate takes it.
    ///
    /// - Throws: `.failed` when the session is of no use any more, or what bytes have brought about that came meanwhile.
    package func flush() throws(HTTP2SessionError) {
        guard !isBusy else { return }
        isFlushAsked = false
        isBusy = true
        let failed = sendFrames()
        isBusy = false
        if !failed { try takePostponed() }
        tellDrained()
        if failed { throw .failed }
    }

    private func sendFrames() -> Bool {
        while let delegate, delegate.sessionMayWrite {
            var start: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(handle, &start)
            guard count > 0 else { return count < 0 }
            delegate.sessionWrite(UnsafeRawBufferPointer(start: start, count: count))
        }
        return false
    }

    private func tellDrained() {
        while let stream = drained.popLast() {
            // Noted once for each frame: whoever was told may have written again.
            guard !stream.isClosed, stream.wasAboveHighWater, !stream.isAboveLowWater else { continue }
            stream.wasAboveHighWater = false
            stream.delegate?.streamDrained(stream)
        }
    }

    /// Asks the delegate for a `flush`, once until it comes.
    func askForFlush() {
        guard !isFlushAsked, nghttp2_session_want_write(handle) != 0 else { return }
        isFlushAsked = true
        delegate?.sessionNeedsFlush()
    }

    /// Whether the session is over: nothing is to be read nor to be sent.
    package var isOver: Bool {
        nghttp2_session_want_read(handle) == 0 && nghttp2_session_want_write(handle) == 0
    }

    /// Whether frames wait that the peer's windows do not hold back.
    package var wantsToSend: Bool { nghttp2_session_want_write(handle) != 0 }

    /// Frames that wait to be sent, without those of bodies.
    package var queuedFrameCount: Int { nghttp2_session_get_outbound_queue_size(handle) }

    /// The most streams that the peer lets us have open; clients only.
    package var peerConcurrentStreams: Int {
        Int(nghttp2_session_get_remote_settings(handle, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }

    /// Whether another request may be begun: no GOAWAY came or went and stream numbers are left; clients only.
    package var mayOpenStreams: Bool { nghttp2_session_check_request_allowed(handle) != 0 }
}

@available(*, unavailable)
extension HTTP2Session: Sendable {}
