import Locking

/// A clock that stands still until it is moved; seconds since 1970.
final class TestClock: Sendable {
    private let time = Locked<Int64>(1_800_000_000)

    var now: Int64 { time.withLock { $0 } }

    func advance(by seconds: Int64) { time.withLock { $0 += seconds } }
}
