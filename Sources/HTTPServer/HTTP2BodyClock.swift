import HTTP2
import Transport

/// Measures how one stream's bodies go; times are monotonic nanoseconds.
struct HTTP2BodyClock {
    /// Bytes of the request body in the current window.
    var bytes: UInt64 = 0
    private var windowStart: UInt64 = 0
    /// When the body was last told to wait; 0 while it may come.
    private var pausedAt: UInt64 = 0
    private var reading = StallWatch()

    mutating func begin(at now: UInt64) {
        windowStart = now
        pausedAt = now
    }

    mutating func pause(at now: UInt64) {
        if pausedAt == 0 { pausedAt = now }
    }

    /// The time that a body had to wait for us does not count against the client.
    mutating func resume(at now: UInt64) {
        guard pausedAt != 0 else { return }
        windowStart += now - pausedAt
        pausedAt = 0
    }

    /// Whether a whole window has passed in which less came than `body_min_rate` asks for.
    mutating func isBodyTooSlow(_ now: UInt64, _ settings: ServerSettings) -> Bool {
        guard pausedAt == 0, now > windowStart else { return false }
        let elapsed = now - windowStart
        guard elapsed >= settings.bodyRateWindow else { return false }
        if bytes < settings.bodyMinimumRate * (elapsed / 1_000_000_000) { return true }
        bytes = 0
        windowStart = now
        return false
    }

    /// When a part of the response, or its end, will have waited for `timeout` without the client taking any.
    mutating func readingDeadline(_ stream: HTTP2Stream, _ now: UInt64, timeout: UInt64) -> UInt64? {
        reading.deadline(isWaiting: stream.isWaiting, sent: stream.sentByteCount, now: now, timeout: timeout)
    }
}
