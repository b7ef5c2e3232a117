import Testing
import Transport

@Suite struct StallWatchTests {
    private static let second: UInt64 = 1_000_000_000
    private let start: UInt64 = 5 * second

    /// Looks every so often at what waits from one time on and moves at others; returns when it has waited for too long.
    private func timeOut(
        every interval: UInt64,
        waitsFrom began: UInt64,
        movesAt moves: [UInt64] = [],
        timeout: UInt64
    ) -> UInt64? {
        var watch = StallWatch()
        var now = start
        while now < start + 20 * Self.second {
            let sent = UInt64(moves.count { start + $0 <= now })
            let deadline = watch.deadline(isWaiting: now >= start + began, sent: sent, now: now, timeout: timeout)
            if let deadline, deadline <= now { return now - start }
            now = min(now + interval, deadline ?? .max)
        }
        return nil
    }

    @Test(arguments: [0, 1, 500_000_000, 999_999_999, 1_000_000_000], [second, second * 3 / 2, 3 * second])
    func `it is never early, and late by no more than one look`(began: UInt64, timeout: UInt64) throws {
        let end = try #require(timeOut(every: Self.second, waitsFrom: began, timeout: timeout))
        #expect(end >= began + timeout)
        #expect(end <= began + timeout + Self.second)
    }

    @Test(arguments: [second + 1, 2 * second, 3 * second - 1])
    func `what moves begins anew`(moved: UInt64) throws {
        let end = try #require(
            timeOut(every: Self.second, waitsFrom: 0, movesAt: [moved], timeout: 3 * Self.second)
        )
        #expect(end >= moved + 3 * Self.second)
        #expect(end <= moved + 4 * Self.second)
    }

    @Test func `what goes on moving may wait for ever`() {
        let moves = (0..<40).map { UInt64($0) * Self.second / 2 }
        #expect(timeOut(every: Self.second, waitsFrom: 0, movesAt: moves, timeout: Self.second) == nil)
    }

    @Test func `a limit beyond the clock is none`() {
        var watch = StallWatch()
        #expect(watch.deadline(isWaiting: true, sent: 0, now: start, timeout: .max) == UInt64.max - 1)
    }
}

/// The same, look by look.
@Suite struct StallWatchLookTests {
    private static let second: UInt64 = 1_000_000_000
    private var watch = StallWatch()

    private mutating func isStalled(_ second: UInt64, isWaiting: Bool = true, sent: UInt64 = 0) -> Bool {
        let now = second * Self.second
        let deadline = watch.deadline(isWaiting: isWaiting, sent: sent, now: now, timeout: 2 * Self.second)
        return deadline.map { $0 <= now } ?? false
    }

    @Test mutating func `bytes that wait for the whole time are not taken`() {
        let results = [isStalled(10), isStalled(11), isStalled(12), isStalled(13)]
        #expect(results == [false, false, true, true])
    }

    @Test mutating func `the time in which nothing waited does not count`() {
        let results = [
            isStalled(10, isWaiting: false), isStalled(19), isStalled(20), isStalled(20, isWaiting: false),
            isStalled(29), isStalled(30), isStalled(31),
        ]
        #expect(results == [false, false, false, false, false, false, true])
    }

    @Test mutating func `each byte that is taken begins the time anew`() {
        let results = [isStalled(10, sent: 5), isStalled(11, sent: 6), isStalled(12, sent: 6), isStalled(13, sent: 6)]
        #expect(results == [false, false, false, true])
    }
}
