/// Told what happens on a byte stream.
///
/// Every call comes on the stream's loop.
package protocol ByteStreamDelegate: AnyObject {
    /// Bytes came; they are valid during the call only, and all of them are the delegate's now.
    func streamDidRead(_ bytes: UnsafeRawBufferPointer)
    /// The peer has ended its direction; it may still read.
    func streamDidEnd()
    /// What waits to be sent has fallen below the low-water mark after it had passed the high one.
    func streamDidDrain()
    /// The stream is gone: reset, failed or closed under the delegate. Nothing is told after this.
    func streamDidClose(_ reason: StreamCloseReason)
}

/// Why a stream ended without being asked to.
package enum StreamCloseReason: Sendable, Equatable {
    /// The peer reset the connection or it broke.
    case reset
    /// The TLS layer refused: not TLS, no common version, a bad record.
    case security(String)
}

/// Ordered bytes both ways, over TCP, a local socket or TLS.
///
/// Confined to its event loop.
package protocol ByteStream: AnyObject {
    var loop: EventLoop { get }
    var delegate: (any ByteStreamDelegate)? { get set }
    /// Bytes that were written and are not yet in the kernel's hands.
    var pendingByteCount: Int { get }
    /// Bytes that the kernel has taken since the beginning, protection included.
    var sentByteCount: UInt64 { get }
    /// Whether more should wait for `streamDidDrain`.
    var isAboveHighWater: Bool { get }
    /// Whether the end that `streamDidEnd` has told of was said by the peer itself, so that it may still read.
    var hasCleanEnd: Bool { get }

    /// Begins to read.
    func start()
    /// Sends the bytes, with all else that the batch writes, at its end.
    func write(_ bytes: UnsafeRawBufferPointer)
    /// No `streamDidRead` until `resumeReading`.
    func pauseReading()
    func resumeReading()
    /// Sends what waits and ends our direction; nothing more is written, and the peer's bytes still come.
    func closeWriting()
    /// Sends what waits, says goodbye, gives the peer a moment to read it, and closes. The delegate hears no more.
    func closeGracefully()
    /// Closes at once; what waits is lost, and the peer sees a reset. The delegate hears no more.
    func abort()
}

/// How much may wait to be sent before writers are asked to pause, and when they may go on.
///
/// It waits here only once the kernel's buffer is full, so this is what a peer that does not read costs. One read of 64 KiB
/// stays below, and no writer pauses for what the next flush takes.
package enum WaterMark {
    /// Bytes.
    package static let high = 96 * 1024
    /// Bytes.
    package static let low = 32 * 1024
}
