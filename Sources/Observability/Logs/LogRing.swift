import Synchronization

/// A ring of bytes between one thread that writes whole lines and one that takes them.
///
/// SAFETY: `tail` is stored by the producer only and `head` by the consumer only. The producer fills free space before
/// it releases `tail`, and the consumer reads up to the `tail` it acquired before it releases `head`.
final class LogRing: @unchecked Sendable {
    private let storage: UnsafeMutableRawPointer
    private let capacity: Int
    // Positions that never wrap; their low bits are the offset. Apart, so that the threads do not share a cache line.
    private let head = Atomic<Int>(0)
    private let padding: (Int, Int, Int, Int, Int, Int, Int) = (0, 0, 0, 0, 0, 0, 0)
    private let tail = Atomic<Int>(0)

    /// - Parameter capacity: a power of two.
    init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring's size is a power of two")
        self.capacity = capacity
        storage = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { storage.deallocate() }

    var isEmpty: Bool { head.load(ordering: .acquiring) == tail.load(ordering: .sequentiallyConsistent) }

    /// Puts a line in whole, or returns false when there is no room for all of it; for the producer only.
    func append(_ line: UnsafeRawBufferPointer) -> Bool {
        let end = tail.load(ordering: .relaxed)
        let free = capacity - (end - head.load(ordering: .acquiring))
        guard line.count <= free, let source = line.baseAddress else { return false }
        let offset = end & (capacity - 1)
        let first = min(line.count, capacity - offset)
        (storage + offset).copyMemory(from: source, byteCount: first)
        storage.copyMemory(from: source + first, byteCount: line.count - first)
        // Ordered with the consumer's "asleep" flag: either it sees the line or the producer sees the flag.
        tail.store(end + line.count, ordering: .sequentiallyConsistent)
        return true
    }

    /// Shows what is there, in one or two pieces, and frees it; for the consumer only.
    ///
    /// Returns the number of bytes that were taken.
    func drain(_ take: (UnsafeRawBufferPointer) -> Void) -> Int {
        let start = head.load(ordering: .relaxed)
        let count = tail.load(ordering: .sequentiallyConsistent) - start
        guard count > 0 else { return 0 }
        let offset = start & (capacity - 1)
        let first = min(count, capacity - offset)
        take(UnsafeRawBufferPointer(start: storage + offset, count: first))
        if first < count { take(UnsafeRawBufferPointer(start: storage, count: count - first)) }
        head.store(start + count, ordering: .releasing)
        return count
    }
}
