import Bytes

/// One stream of a session: what waits to be sent on it, and who is told of it.
///
/// Confined to its event loop. The session holds it until it is closed.
package final class HTTP2Stream {
    package internal(set) var id: Int32
    /// Held until the stream is closed, so the delegate may hold the stream as well.
    package var delegate: (any HTTP2StreamDelegate)?
    /// Whether the stream is over.
    package internal(set) var isClosed = false
    /// Whether `finish` was called or the head ended the stream.
    package internal(set) var isFinished = false
    /// Whether our head was handed over; without that a server has not seen the request.
    package internal(set) var hasSentHead = false
    /// Whether we have ended the stream by `reset`: nothing is told any more but its close.
    package internal(set) var isReset = false
    /// Whether our last frame was handed over.
    package internal(set) var hasSentEnd = false
    /// Bytes of body that were handed over in DATA frames.
    package internal(set) var sentByteCount: UInt64 = 0

    /// Alive until the stream is closed, and not to be asked after that.
    unowned(unsafe) let session: HTTP2Session
    /// The place among the streams of the session.
    var place = 0
    @exclusivity(unchecked) var output = ByteBuffer()
    /// Field lines to send after the body.
    @exclusivity(unchecked) var trailers = ByteBuffer()
    /// Whether the library has asked for data and was told that there is none.
    var isDeferred = false
    /// Whether a writer was asked to wait.
    var wasAboveHighWater = false

    /// Bytes that may wait although the peer's window has no room for them.
    package static let highWater = 8 << 10
    /// Bytes that may wait at most, however large the peer's window is.
    package static let highestWater = 128 << 10
    /// Bytes.
    package static let lowWater = 4 << 10

    init(id: Int32, session: HTTP2Session) {
        self.id = id
        self.session = session
    }

    /// Bytes of body that wait for the peer's window or for the connection.
    package var pendingByteCount: Int { output.count }

    /// Whether writers should wait for `streamDrained`, which then follows.
    package var isAboveHighWater: Bool {
        guard !isClosed, output.count >= Self.highWater else { return false }
        guard output.count >= min(session.window(of: self), Self.highestWater) else { return false }
        wasAboveHighWater = true
        // It may wait for long, and grew by doubling.
        output.trimStorage(slack: Self.lowWater)
        return true
    }

    /// Whether something of ours waits: a part of the body, or the end behind it.
    package var isWaiting: Bool { !output.isEmpty || isFinished && !hasSentEnd }

    /// Whether what waits can go only when the peer opens a window.
    package var needsWindow: Bool { !isClosed && !isReset && isWaiting && session.peerWindow(of: self) == 0 }

    /// Bytes that the peer's windows let us send beyond those that wait; 0 when there is no room.
    package var room: Int { isClosed ? 0 : max(0, session.window(of: self) - output.count) }

    var isAboveLowWater: Bool { output.count >= Self.lowWater }

    /// Sends a part of the body, after the head; sent as the peer's windows allow.
    package func write(_ bytes: UnsafeRawBufferPointer) {
        guard !isClosed, !isFinished, bytes.count > 0 else { return }
        output.append(bytes)
        session.outputChanged(self)
    }

    /// Ends the body.
    ///
    /// - Parameter trailers: Field lines, each with its line end.
    package func finish(trailers: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)) {
        guard !isClosed, !isFinished else { return }
        self.trailers.append(trailers)
        isFinished = true
        session.outputChanged(self)
    }

    /// Ends the stream at once; what waits on it is dropped (RFC 9113 §6.4).
    package func reset(_ code: HTTP2ErrorCode) {
        guard !isClosed, !isReset else { return }
        session.reset(self, code)
    }

    /// Lets the peer send this many bytes more on the stream.
    package func consume(_ count: Int) {
        guard !isClosed, count > 0 else { return }
        session.consume(count, of: self)
    }
}

@available(*, unavailable)
extension HTTP2Stream: Sendable {}
