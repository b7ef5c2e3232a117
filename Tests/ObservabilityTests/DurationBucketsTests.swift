import Testing

@testable import Observability

@Suite
struct DurationBucketsTests {
    @Test
    func `a bound belongs to its own bucket and the next nanosecond to the next`() {
        let registry = MetricsRegistry(shards: 1)
        let shard = registry.shard(0)
        for (bucket, bound) in DurationBuckets.bounds.enumerated() {
            #expect(DurationBuckets.bucket(of: bound, in: shard.bounds) == bucket)
            #expect(DurationBuckets.bucket(of: bound + 1, in: shard.bounds) == bucket + 1)
        }
        #expect(DurationBuckets.bucket(of: 0, in: shard.bounds) == 0)
        #expect(DurationBuckets.bucket(of: .max, in: shard.bounds) == DurationBuckets.count - 1)
        #expect(DurationBuckets.bounds == DurationBuckets.bounds.sorted())
        #expect(DurationBuckets.count == DurationBuckets.bounds.count + 1)
    }

    @Test
    func `percentiles are right to within a bucket`() throws {
        let registry = MetricsRegistry(shards: 1)
        let shard = registry.shard(0)
        let histogram = registry.durationHistogram("t_seconds", help: "T.")
        for milliseconds in 1...1000 { shard.record(UInt64(milliseconds) * 1_000_000, in: histogram) }
        let distribution = registry.distribution(of: histogram)
        for (share, exact) in [(0.5, 500.0), (0.95, 950), (0.99, 990), (0.001, 1)] {
            let found = Double(try #require(distribution.percentile(share))) / 1_000_000
            #expect(abs(found - exact) < exact * 0.06, "\(share): \(found)")
        }
    }

    @Test
    func `nothing has no percentile, and what lies above the last bound is as much as that`() {
        #expect(DurationDistribution().percentile(0.5) == nil)
        var far = DurationDistribution()
        far.counts[DurationBuckets.count - 1] = 3
        #expect(far.percentile(0.5) == 100_000_000_000)
    }

    @Test
    func `a difference holds what came in between`() {
        var earlier = DurationDistribution()
        earlier.counts[3] = 5
        earlier.sumNanoseconds = 50
        var later = earlier
        later.counts[3] += 2
        later.counts[9] += 1
        later.sumNanoseconds += 7
        let difference = later.since(earlier)
        #expect(difference.count == 3)
        #expect(difference.counts[3] == 2)
        #expect(difference.sumNanoseconds == 7)
    }
}
