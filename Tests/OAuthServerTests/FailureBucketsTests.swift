import Testing

@testable import OAuthServer

@Suite struct FailureBucketsTests {
    private let fivePerQuarter = FailureRate(count: 5, period: .seconds(900))
    private let second: Int64 = 1_000_000

    @Test func `as many failures as the rate says, then a wait of one interval`() {
        var buckets = FailureBuckets(rate: fivePerQuarter, capacity: 64)
        for _ in 0..<5 {
            #expect(buckets.wait(7, at: 0) == 0)
            buckets.add(7, at: 0)
        }
        #expect(buckets.wait(7, at: 0) == 180 * second)
        #expect(buckets.wait(7, at: 179 * second) == second)
        #expect(buckets.wait(7, at: 180 * second) == 0)
        #expect(buckets.wait(8, at: 0) == 0)
    }

    @Test func `over a long time no more fail than the rate says`() {
        var buckets = FailureBuckets(rate: fivePerQuarter, capacity: 64)
        var failures = 0
        for time in 0..<90_000 where buckets.wait(7, at: Int64(time) * second) == 0 {
            buckets.add(7, at: Int64(time) * second)
            failures += 1
        }
        // A hundred periods: five at once, then one every three minutes.
        #expect(failures == 5 + 499)
    }

    @Test func `a failure that is taken back leaves the bucket as it was`() {
        var buckets = FailureBuckets(rate: fivePerQuarter, capacity: 64)
        for _ in 0..<5 { buckets.add(7, at: 0) }
        buckets.takeBack(7, at: 0)
        #expect(buckets.wait(7, at: 0) == 0)
        buckets.add(7, at: 0)
        #expect(buckets.wait(7, at: 0) == 180 * second)
        buckets.takeBack(9, at: 0)
        #expect(!buckets.hasFailures(9, at: 0))
    }

    @Test func `a bucket that has run empty is forgotten`() {
        var buckets = FailureBuckets(rate: fivePerQuarter, capacity: 64)
        buckets.add(7, at: 0)
        #expect(buckets.hasFailures(7, at: 179 * second))
        #expect(!buckets.hasFailures(7, at: 180 * second))
    }

    @Test func `without a rate nothing is counted`() {
        var buckets = FailureBuckets(rate: nil, capacity: 64)
        for _ in 0..<1000 { buckets.add(7, at: 0) }
        #expect(buckets.wait(7, at: 0) == 0)
        #expect(!buckets.hasFailures(7, at: 0))
    }

    @Test func `after the clock was set back nobody waits longer than a period`() {
        var buckets = FailureBuckets(rate: fivePerQuarter, capacity: 64)
        for _ in 0..<5 { buckets.add(7, at: 1_000_000 * second) }
        #expect(buckets.wait(7, at: 0) <= 180 * second)
        buckets.add(7, at: 0)
        #expect(buckets.wait(7, at: 900 * second) == 0)
    }

    @Test func `a rate of one, and one faster than a microsecond, still count`() {
        var one = FailureBuckets(rate: FailureRate(count: 1, period: .seconds(60)), capacity: 64)
        one.add(7, at: 0)
        #expect(one.wait(7, at: 0) == 60 * second)
        var fast = FailureBuckets(rate: FailureRate(count: 1_000_000_000, period: .milliseconds(1)), capacity: 64)
        for _ in 0..<1000 { fast.add(7, at: 0) }
        #expect(fast.wait(7, at: 0) == 1)
    }

    @Test func `a flood of other keys pushes no full bucket out`() {
        var buckets = FailureBuckets(rate: fivePerQuarter, capacity: 64)
        for _ in 0..<5 { buckets.add(7, at: 0) }
        for key in 100..<10_000 as Range<UInt64> { buckets.add(key, at: 0) }
        #expect(buckets.wait(7, at: 0) == 180 * second)
    }

    @Test func `a key whose place another took begins anew`() {
        var table = TimeTable(capacity: 8)
        for key in 0..<8 as Range<UInt64> { table.setTime(of: key, to: 100 + Int64(key)) }
        table.setTime(of: 20, to: 500)
        #expect(table.time(of: 0, after: 0) == nil)
        #expect(table.time(of: 1, after: 0) == 101)
        #expect(table.time(of: 20, after: 0) == 500)
        #expect(table.time(of: 20, after: 500) == nil)
    }
}
