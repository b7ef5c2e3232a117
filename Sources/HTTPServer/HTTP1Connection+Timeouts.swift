import Transport

/// What the connection's one timer watches, and the counts that it compares.
///
/// Times are monotonic nanoseconds.
struct ConnectionTiming {
    enum Watch {
        /// A new connection or one at rest: it closes without a word.
        case rest
        /// A head that has begun: 408.
        case head
        /// An exchange: the request body's rate and a reader that takes nothing.
        case exchange
    }

    var watch = Watch.rest
    /// Bytes of the request body in the current window.
    var bodyBytes: UInt64 = 0
    var bodyWindowStart: UInt64 = 0
    /// When the body was last told to wait; 0 while it may come.
    var bodyPausedAt: UInt64 = 0
    /// Watches what the client takes.
    var reading = StallWatch()

    /// How often an exchange is looked at.
    static let exchangeTick: UInt64 = 1_000_000_000
}

extension HTTP1Connection: LoopTimerHandler {
    func beginWaiting(isFirst: Bool) {
        timing.watch = .rest
        arm(isFirst ? server.settings.headerTimeout : server.settings.idleTimeout)
    }

    func beginHead() {
        timing.watch = .head
        if let timer { loop.disarm(timer) }
        arm(server.settings.headerTimeout)
    }

    func beginExchange() {
        timing.watch = .exchange
        timing.bodyBytes = 0
        timing.bodyPausedAt = loop.now
        timing.bodyWindowStart = loop.now
        timing.reading = StallWatch()
        arm(ConnectionTiming.exchangeTick)
    }

    func pauseBodyClock() {
        if timing.bodyPausedAt == 0 { timing.bodyPausedAt = loop.now }
    }

    /// The time that a body had to wait for us does not count against the client.
    func resumeBodyClock() {
        guard timing.bodyPausedAt != 0 else { return }
        timing.bodyWindowStart += loop.now - timing.bodyPausedAt
        timing.bodyPausedAt = 0
    }

    func timerFired(_ timer: LoopTimer) {
        switch timing.watch {
        case .rest:
            closeGracefully()
        case .head:
            refusePartialHead(.headTimedOut)
        case .exchange:
            let wait = readerPatience
            if wait == 0 { return abort() }
            if isBodyTooSlow { return bodyTooSlow() }
            if exchange != nil || state.request == .discarding { arm(min(wait, ConnectionTiming.exchangeTick)) }
        }
    }

    private func arm(_ nanoseconds: UInt64) {
        guard let timer else { return }
        loop.arm(timer, at: loop.now + nanoseconds)
    }

    /// For how long bytes may still wait without the client taking any.
    private var readerPatience: UInt64 {
        let deadline = timing.reading.deadline(
            isWaiting: stream.pendingByteCount > 0,
            sent: stream.sentByteCount,
            now: loop.now,
            timeout: server.settings.idleTimeout
        )
        guard let deadline else { return .max }
        return deadline > loop.now ? deadline - loop.now : 0
    }

    /// Whether a whole window has passed in which less came than `body_min_rate` asks for.
    private var isBodyTooSlow: Bool {
        guard state.request == .body || state.request == .discarding, timing.bodyPausedAt == 0 else { return false }
        let window = server.settings.bodyRateWindow
        let elapsed = loop.now &- timing.bodyWindowStart
        guard loop.now > timing.bodyWindowStart, elapsed >= window else { return false }
        let wanted = server.settings.bodyMinimumRate * (elapsed / 1_000_000_000)
        if timing.bodyBytes < wanted { return true }
        timing.bodyBytes = 0
        timing.bodyWindowStart = loop.now
        return false
    }

    private func bodyTooSlow() {
        bodyFailed(.bodyTimedOut)
        if !isClosed { arm(ConnectionTiming.exchangeTick) }
    }
}
