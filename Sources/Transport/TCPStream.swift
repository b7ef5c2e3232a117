import Bytes

/// A connected socket.
///
/// Confined to its event loop.
package final class TCPStream: ByteStream {
    package let loop: EventLoop
    /// Held until the stream closes, so the owner may hold the stream as well.
    package var delegate: (any ByteStreamDelegate)?

    private let descriptor: Int32
    private var registration: SocketRegistration?
    private var output = ByteBuffer()
    private var state = State.open
    private var isPaused = false
    private var hasEnded = false
    /// Whether our direction ends with what waits in `output`.
    private var isWriteClosed = false
    private var isParked = false
    private var wasAboveHighWater = false
    private var isFlushQueued = false
    private var discardedCount = 0
    private var closeTimer: LoopTimer?

    private enum State {
        case open
        /// The rest is being sent; then the write side is shut.
        case closing
        /// All is sent and the write side shut: what still comes is thrown away until the peer closes.
        case lingering
        case closed
    }

    /// How long, in nanoseconds, and how many bytes a peer may go on sending after we have closed.
    ///
    /// Closing at once would reset the connection and could take our answer from the peer (RFC 9112 §9.6).
    private static let longestLinger: UInt64 = 2_000_000_000
    private static let longestClosing: UInt64 = 30_000_000_000
    private static let lingerByteLimit = 16 * 1024 * 1024

    /// Takes over a connected, non-blocking descriptor.
    package init(descriptor: Int32, loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
    }

    package private(set) var sentByteCount: UInt64 = 0

    package var pendingByteCount: Int { output.count }

    package var isAboveHighWater: Bool { output.count > WaterMark.high }

    package var hasCleanEnd: Bool { hasEnded }

    package func start() {
        do {
            registration = try loop.register(self, descriptor: descriptor, interest: isPaused ? [] : .readable)
        } catch {
            fail(.reset)
        }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) {
        guard state == .open, !isWriteClosed else { return }
        output.append(bytes)
        if output.count > WaterMark.high { wasAboveHighWater = true }
        queueFlush()
    }

    package func pauseReading() {
        isPaused = true
        updateInterest()
    }

    package func resumeReading() {
        isPaused = false
        updateInterest()
    }

    package func closeWriting() {
        guard state == .open, !isWriteClosed else { return }
        isWriteClosed = true
        if output.isEmpty { SystemCall.shutdownWriting(descriptor) } else { queueFlush() }
    }

    package func closeGracefully() {
        guard state == .open else { return }
        delegate = nil
        state = .closing
        armCloseTimer(Self.longestClosing)
        if output.isEmpty {
            shutDownAndLinger()
        } else {
            queueFlush()
        }
    }

    package func abort() {
        guard state != .closed else { return }
        SystemCall.resetOnClose(descriptor)
        close()
    }

    private func updateInterest() {
        let reads = state == .lingering || state == .open && !isPaused
        let interest = SocketInterest(reads: reads && !hasEnded, writes: isWaitingToWrite)
        if let registration {
            loop.update(registration, interest: interest)
        } else if isParked, reads {
            isParked = false
            registration = try? loop.register(self, descriptor: descriptor, interest: interest)
            if registration == nil { fail(.reset) }
        }
    }

    /// Leaves what the peer has sent in the kernel until it is wanted, although both directions have ended.
    ///
    /// The loop would tell of that again and again.
    private func park() {
        if let registration { loop.deregister(registration) }
        registration = nil
        isParked = true
    }

    private var isWaitingToWrite = false

    private func queueFlush() {
        guard !isFlushQueued, !isWaitingToWrite else { return }
        isFlushQueued = true
        loop.atEndOfBatch(self)
    }

    private func armCloseTimer(_ nanoseconds: UInt64) {
        let timer = closeTimer ?? LoopTimer(self)
        closeTimer = timer
        loop.disarm(timer)
        loop.arm(timer, at: loop.now + nanoseconds)
    }

    private func shutDownAndLinger() {
        SystemCall.shutdownWriting(descriptor)
        guard !hasEnded else { return close() }
        state = .lingering
        armCloseTimer(Self.longestLinger)
        updateInterest()
    }

    private func fail(_ reason: StreamCloseReason) {
        let told = delegate
        close()
        told?.streamDidClose(reason)
    }

    private func close() {
        guard state != .closed else { return }
        state = .closed
        delegate = nil
        if let closeTimer { loop.disarm(closeTimer) }
        if let registration { loop.deregister(registration) }
        registration = nil
        output.releaseStorage()
        SystemCall.close(descriptor)
    }
}

extension TCPStream: SocketHandler, BatchEndHandler, LoopTimerHandler {
    package func socketReady(_ events: SocketEvents) {
        if events.isWritable || isWaitingToWrite && events.contains(.failed) { flush() }
        if events.isReadable {
            read()
        } else if state == .open, isWriteClosed, isPaused, !events.contains(.failed) {
            park()
        } else if events.isBroken {
            // Both directions are gone although nothing was asked for: a reset while reading is paused.
            if state == .open { fail(.reset) } else { close() }
        }
    }

    package func batchDidEnd() {
        isFlushQueued = false
        flush()
    }

    package func timerFired(_ timer: LoopTimer) {
        abort()
    }

    private func read() {
        guard state == .open || state == .lingering, !hasEnded else { return }
        switch SystemCall.receive(descriptor, into: loop.scratch) {
        case .bytes(let count):
            if state == .open {
                delegate?.streamDidRead(UnsafeRawBufferPointer(rebasing: loop.scratch[..<count]))
            } else {
                discardedCount += count
                if discardedCount > Self.lingerByteLimit { abort() }
            }
        case .wouldBlock:
            break
        case .end:
            hasEnded = true
            guard state == .open else { return close() }
            updateInterest()
            delegate?.streamDidEnd()
        case .failed:
            if state == .open { fail(.reset) } else { close() }
        }
    }

    private func flush() {
        guard state == .open || state == .closing else { return }
        while !output.isEmpty {
            switch SystemCall.send(descriptor, output.bytes) {
            case .bytes(let count):
                output.consume(count)
                sentByteCount &+= UInt64(count)
                // A slow reader may take its time as long as it goes on reading.
                if state == .closing { armCloseTimer(Self.longestClosing) }
            case .wouldBlock:
                isWaitingToWrite = true
                updateInterest()
                return tellDrained()
            case .end, .failed:
                return state == .open ? fail(.reset) : close()
            }
        }
        output.releaseStorage()
        if isWaitingToWrite {
            isWaitingToWrite = false
            updateInterest()
        }
        if state == .closing { return shutDownAndLinger() }
        if isWriteClosed { SystemCall.shutdownWriting(descriptor) }
        tellDrained()
    }

    private func tellDrained() {
        guard wasAboveHighWater, output.count < WaterMark.low else { return }
        wasAboveHighWater = false
        delegate?.streamDidDrain()
    }
}

@available(*, unavailable)
extension TCPStream: Sendable {}
