/// Finds out whether a client takes nothing of what waits for it; times are monotonic nanoseconds.
///
/// It is asked once in a while. The time that counts begins when bytes are first seen to wait, not when it was last
/// asked before: they may have begun to wait just now.
struct ReaderWatch {
    /// What had been sent when it was last seen to move.
    private var sentBytes: UInt64 = 0
    /// When bytes were first seen to wait since then; 0 while none do.
    private var waitsSince: UInt64 = 0

    /// Whether bytes have waited for `timeout` without the client taking any.
    mutating func isStalled(isWaiting: Bool, sentBytes sent: UInt64, now: UInt64, timeout: UInt64) -> Bool {
        guard isWaiting else {
            waitsSince = 0
            return false
        }
        guard waitsSince != 0, sent == sentBytes else {
            sentBytes = sent
            waitsSince = now
            return false
        }
        return now - waitsSince >= timeout
    }
}
