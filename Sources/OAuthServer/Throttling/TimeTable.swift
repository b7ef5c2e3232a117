/// A time for each of a bounded number of keys: what is over by now, or the earliest, makes room for others.
///
/// Keys are hashes with a seed of this process, so nobody can choose which of them share a row.
struct TimeTable {
    private var keys: [UInt64]
    private var times: [Int64]
    private let rowMask: UInt64

    /// - Parameter capacity: how many keys at least; memory is 16 bytes for each, taken at once.
    init(capacity: Int) {
        var rows = 1
        while rows * Self.rowSize < capacity { rows *= 2 }
        rowMask = UInt64(rows - 1)
        keys = Array(repeating: 0, count: rows * Self.rowSize)
        times = Array(repeating: .min, count: rows * Self.rowSize)
    }

    /// The time of a key, if it lies ahead.
    func time(of key: UInt64, after now: Int64) -> Int64? {
        guard let place = place(of: key), times[place] > now else { return nil }
        return times[place]
    }

    mutating func setTime(of key: UInt64, to time: Int64) {
        let place = place(of: key) ?? earliestPlace(in: row(of: key))
        keys[place] = key
        times[place] = time
    }

    private func row(of key: UInt64) -> Range<Int> {
        let first = Int(key & rowMask) * Self.rowSize
        return first..<first + Self.rowSize
    }

    private func place(of key: UInt64) -> Int? {
        row(of: key).first { keys[$0] == key && times[$0] > .min }
    }

    private func earliestPlace(in row: Range<Int>) -> Int {
        var earliest = row.lowerBound
        for place in row where times[place] < times[earliest] { earliest = place }
        return earliest
    }

    private static let rowSize = 8
}
