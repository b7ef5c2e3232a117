/// One label of a series: a name of letters, digits and `_`, and any text.
package struct MetricLabel: Hashable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A count that only grows, as registered with a `MetricsRegistry`.
@usableFromInline
package struct Counter: Hashable, Sendable {
    @usableFromInline let cell: Int
}

/// A level that goes up and down by differences, each loop counting its own share.
@usableFromInline
package struct Gauge: Hashable, Sendable {
    @usableFromInline let cell: Int
}

/// A distribution of durations over the fixed buckets of `DurationBuckets`.
@usableFromInline
package struct DurationHistogram: Hashable, Sendable {
    @usableFromInline let cell: Int

    // The buckets come first, then the sum in nanoseconds.
    @usableFromInline static let cellCount = DurationBuckets.count + 1
}
