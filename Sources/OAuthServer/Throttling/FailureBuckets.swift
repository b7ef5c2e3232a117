/// A leaking bucket of failures for each key.
///
/// How it works: of each bucket only the time is kept at which it will be empty (the generic cell rate algorithm). A
/// failure moves it on by one interval; while it lies less than a period ahead there is room for one more. A bucket
/// that gives up its place to another is the emptiest of its row, so pushing a full one out takes as many failures as
/// filling it, many times over.
struct FailureBuckets {
    /// Nil: failures are not counted.
    var rate: FailureRate?
    private var table: TimeTable

    init(rate: FailureRate?, capacity: Int) {
        self.rate = rate
        table = TimeTable(capacity: capacity)
    }

    /// How long until there is room for one more failure, in microseconds; 0: there is.
    func wait(_ key: UInt64, at now: Int64) -> Int64 {
        guard let rate else { return 0 }
        return max(emptyTime(of: key, rate, at: now) + rate.interval - rate.period - now, 0)
    }

    /// Whether a failure is remembered.
    func hasFailures(_ key: UInt64, at now: Int64) -> Bool {
        rate != nil && table.time(of: key, after: now) != nil
    }

    mutating func add(_ key: UInt64, at now: Int64) {
        guard let rate else { return }
        table.setTime(of: key, to: min(emptyTime(of: key, rate, at: now) + rate.interval, now + rate.period))
    }

    mutating func takeBack(_ key: UInt64, at now: Int64) {
        guard let rate, let time = table.time(of: key, after: now) else { return }
        table.setTime(of: key, to: time - rate.interval)
    }

    /// A clock that was set back leaves times too far ahead: nobody waits longer than a period.
    private func emptyTime(of key: UInt64, _ rate: FailureRate, at now: Int64) -> Int64 {
        min(table.time(of: key, after: now) ?? now, now + rate.period)
    }
}

extension FailureBuckets {
    /// A key that no one outside can compute.
    static func key(_ kind: StaticString, _ parts: String...) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(kind.description)
        for part in parts { hasher.combine(part) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// Microseconds as whole seconds, rounded up: for `Retry-After`.
    static func seconds(_ microseconds: Int64) -> Int64 { (microseconds + 999_999) / 1_000_000 }
}
