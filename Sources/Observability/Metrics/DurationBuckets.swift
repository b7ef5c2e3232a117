/// The bounds of every duration histogram: ten a decade from 100 µs to 100 s.
///
/// Inside they are fine enough for a percentile that is right to a few percent; Prometheus gets every third or so
/// (1, 2.5 and 5 a decade), which is what dashboards expect.
@usableFromInline
package enum DurationBuckets {
    // Ten bounds for each of six decades, 100 s itself, and what lies above.
    @usableFromInline package static let count = 6 * steps.count + 2

    private static let steps: [UInt64] = [100, 125, 150, 200, 250, 300, 400, 500, 600, 800]

    /// The inclusive upper bounds in nanoseconds, without the last bucket, which has none.
    package static let bounds: [UInt64] = {
        var bounds: [UInt64] = []
        var unit: UInt64 = 1000
        for _ in 0..<6 {
            bounds += steps.map { $0 * unit }
            unit *= 10
        }
        return bounds + [100 * unit]
    }()

    /// The bounds that the Prometheus text shows: their bucket and their value in seconds as text.
    static let exported: [(bucket: Int, seconds: String)] = bounds.indices.compactMap { bucket in
        let step = bucket % steps.count
        guard step == 0 || step == 4 || step == 7 else { return nil }
        return (bucket, MetricNumber.seconds(nanoseconds: bounds[bucket]))
    }

    /// The bucket of a duration: the first whose bound is not below it.
    @inlinable
    static func bucket(of nanoseconds: UInt64, in table: UnsafePointer<UInt64>) -> Int {
        var low = 0
        var high = count &- 1
        while low < high {
            let middle = (low &+ high) >> 1
            if table[middle] < nanoseconds { low = middle &+ 1 } else { high = middle }
        }
        return low
    }
}

/// What a duration histogram held at one moment.
package struct DurationDistribution: Equatable, Sendable {
    /// How many durations fell into each bucket of `DurationBuckets`.
    package var counts: [UInt64]
    package var sumNanoseconds: UInt64

    package init() {
        counts = Array(repeating: 0, count: DurationBuckets.count)
        sumNanoseconds = 0
    }

    package var count: UInt64 { counts.reduce(0, &+) }

    /// What came in since an earlier state of the same histogram.
    package func since(_ earlier: DurationDistribution) -> DurationDistribution {
        var difference = self
        for index in counts.indices { difference.counts[index] &-= earlier.counts[index] }
        difference.sumNanoseconds &-= earlier.sumNanoseconds
        return difference
    }

    mutating func add(_ other: DurationDistribution) {
        for index in counts.indices { counts[index] &+= other.counts[index] }
        sumNanoseconds &+= other.sumNanoseconds
    }

    /// The duration in nanoseconds that this share of all stayed within, taken as even inside a bucket; nil without any.
    package func percentile(_ share: Double) -> UInt64? {
        let total = count
        guard total > 0 else { return nil }
        let rank = share * Double(total)
        var below: UInt64 = 0
        for (bucket, inside) in counts.enumerated() where inside > 0 {
            if Double(below + inside) >= rank {
                let bounds = DurationBuckets.bounds
                guard bucket < bounds.count else { return bounds.last }
                let lower = bucket == 0 ? 0 : bounds[bucket - 1]
                let part = max(0, rank - Double(below)) / Double(inside)
                return lower + UInt64(part * Double(bounds[bucket] - lower))
            }
            below += inside
        }
        return DurationBuckets.bounds.last
    }
}
