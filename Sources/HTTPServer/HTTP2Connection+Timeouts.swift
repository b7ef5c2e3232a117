import Transport

/// What the connection's one timer looks at; times are monotonic nanoseconds.
struct HTTP2Timing {
    /// Whether the client's first SETTINGS frame is there.
    var hasBegun = false
    /// When the last stream was over; nil while there are some.
    var restingSince: UInt64?
    /// When the field block began that is not complete; nil while there is none.
    var fieldsBeganAt: UInt64?
    /// Watches what the client takes of all streams together.
    var reading = StallWatch()

    /// How often a connection with streams is looked at.
    static let tick: UInt64 = 1_000_000_000
    /// How long after the first GOAWAY frame streams are still taken at most.
    static let announcement: UInt64 = 1_000_000_000
}

extension HTTP2Connection: LoopTimerHandler {
    /// A new connection, which must begin soon.
    func beginWaiting() {
        timing.restingSince = loop.now
        arm(at: loop.now + server.settings.headerTimeout)
    }

    /// The client's first SETTINGS frame is there: from now on its time is that between two requests.
    func begin() {
        timing.hasBegun = true
        guard streams.isEmpty else { return }
        endExchanges()
        let end = loop.now + server.settings.idleTimeout
        if let timer, end < timer.deadline { arm(at: end) }
    }

    /// The first of the streams has opened.
    func beginExchanges() {
        timing.restingSince = nil
        timing.reading = StallWatch()
        // Short streams, one after the other, must not put the second GOAWAY frame off.
        if case .announced = ending { return }
        arm(at: loop.now + HTTP2Timing.tick)
    }

    /// The last of the streams is over: the connection rests.
    ///
    /// The timer finds out when it comes.
    func endExchanges() {
        timing.restingSince = loop.now
    }

    /// A first GOAWAY frame has gone; the second follows even if the client does not answer.
    func watchEnding() {
        if let timer { loop.disarm(timer) }
        arm(at: loop.now + HTTP2Timing.announcement)
    }

    func timerFired(_ timer: LoopTimer) {
        let now = loop.now
        if case .announced(let until) = ending, now >= until {
            endAnnouncement()
            return arm(at: now + HTTP2Timing.tick)
        }
        if let began = timing.fieldsBeganAt, now - began >= server.settings.headerTimeout { return fieldsTimedOut() }
        guard let resting = timing.restingSince else {
            return checkStreams(now)
        }
        if timing.fieldsBeganAt != nil { return arm(at: now + HTTP2Timing.tick) }
        let settings = server.settings
        let end = resting + (timing.hasBegun ? settings.idleTimeout : settings.headerTimeout)
        if now < end { return arm(at: end) }
        rested()
    }

    private func arm(at deadline: UInt64) {
        guard let timer, !isClosed else { return }
        loop.arm(timer, at: deadline)
    }

    /// Nothing was asked for a long time: the client is told, and the connection closes.
    private func rested() {
        guard timing.hasBegun, case .none = ending else { return closeGracefully() }
        drain()
    }

    /// Nothing but the rest of the block may come (RFC 9113 §6.10), so the whole connection is of no use.
    private func fieldsTimedOut() {
        timing.fieldsBeganAt = nil
        for stream in streams.reversed() where stream.isReadingFields { stream.refuse(.headTimedOut) }
        flushAndTerminate()
    }

    private func checkStreams(_ now: UInt64) {
        let deadline = timing.reading.deadline(
            isWaiting: stream.pendingByteCount > 0,
            sent: stream.sentByteCount,
            now: now,
            timeout: server.settings.idleTimeout
        )
        var next = min(now + HTTP2Timing.tick, deadline ?? .max)
        // Bytes have waited for `idle_timeout` without the client taking any.
        if next <= now { return abort() }
        // A client that has ended its side may still read, or be gone. If it is, its system answers with a reset.
        if peerHasEnded { session?.ping() }
        for stream in streams.reversed() where !isClosed { next = min(next, stream.checkTime(now) ?? next) }
        arm(at: next)
    }
}
