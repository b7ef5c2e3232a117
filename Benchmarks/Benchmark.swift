import Glibc

/// One operation of the hot path that is timed.
struct Benchmark {
    let group: String
    let name: String
    /// Does the operation so many times and returns something of every result, so that none is optimized away.
    let run: (_ count: Int) throws -> Int

    init(_ group: String, _ name: String, run: @escaping (_ count: Int) throws -> Int) {
        self.group = group
        self.name = name
        self.run = run
    }
}

/// What was measured, in nanoseconds of processor time for one operation.
struct Measurement {
    let group: String
    let name: String
    let median: Double
    let minimum: Double
    let maximum: Double
    /// How many operations each repeat had.
    let count: Int
}

/// Times benchmarks.
///
/// It counts the thread's processor time, not the wall's: other work on the machine then costs little but the caches.
struct Stopwatch {
    /// How often each benchmark is repeated.
    let repeats: Int
    /// Nanoseconds that one repeat takes, about.
    let repeatTime: UInt64

    /// What the benchmarks returned; printed nowhere, but the compiler cannot know that.
    private(set) var checksum = 0

    init(repeats: Int, repeatTime: UInt64) {
        self.repeats = max(1, repeats)
        self.repeatTime = repeatTime
    }

    mutating func measure(_ benchmark: Benchmark) throws -> Measurement {
        var count = 1
        while try time(benchmark, count) < repeatTime / 8, count < 1 << 30 { count *= 2 }
        count *= 8
        var results: [Double] = []
        for _ in 0..<repeats { results.append(Double(try time(benchmark, count)) / Double(count)) }
        results.sort()
        return Measurement(
            group: benchmark.group,
            name: benchmark.name,
            median: results[results.count / 2],
            minimum: results[0],
            maximum: results[results.count - 1],
            count: count
        )
    }

    private mutating func time(_ benchmark: Benchmark, _ count: Int) throws -> UInt64 {
        let start = Self.processorTime()
        checksum &+= try benchmark.run(count)
        return Self.processorTime() &- start
    }

    private static func processorTime() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
