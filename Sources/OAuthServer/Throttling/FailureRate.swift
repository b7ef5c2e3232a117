/// How many failures are put up with: so many at once, and as many again over the period.
package struct FailureRate: Sendable, Equatable {
    package let count: Int
    /// Microseconds.
    let period: Int64

    /// A rate of at least one failure in at least a millisecond.
    package init(count: Int, period: Duration) {
        self.count = max(count, 1)
        let (seconds, attoseconds) = period.components
        let whole = min(max(seconds, 0), Self.longest)
        self.period = max(whole * 1_000_000 + attoseconds / 1_000_000_000_000, 1000)
    }

    /// How long one failure takes to be forgotten, in microseconds.
    var interval: Int64 { max(period / Int64(count), 1) }

    // Seconds; ten years, far from the end of the numbers.
    private static let longest: Int64 = 315_360_000
}
