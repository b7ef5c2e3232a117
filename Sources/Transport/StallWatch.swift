/// Notices by a look now and then that bytes wait without any of them going; times are monotonic nanoseconds.
///
/// How it works: a look can tell that something waits, but not since when, so the time counts from the look that first saw
/// it. That is never too short, and too long by no more than lies between two looks.
package struct StallWatch {
    private var sentByteCount: UInt64 = 0
    /// Since which look nothing has moved; nil while nothing waits.
    private var since: UInt64?

    package init() {}

    /// Takes a look.
    ///
    /// - Parameters:
    ///   - isWaiting: Whether something is to be sent that can't be.
    ///   - sent: The bytes that were sent so far.
    /// - Returns: When it will have waited for `timeout`, unless it moves; nil while nothing waits.
    package mutating func deadline(isWaiting: Bool, sent: UInt64, now: UInt64, timeout: UInt64) -> UInt64? {
        guard isWaiting else {
            since = nil
            return nil
        }
        let start = sent == sentByteCount ? since ?? now : now
        sentByteCount = sent
        since = start
        let (deadline, overflows) = start.addingReportingOverflow(timeout)
        return overflows ? .max - 1 : deadline
    }
}
