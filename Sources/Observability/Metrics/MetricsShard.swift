import Synchronization

/// One loop's own counts; confined to its event loop.
///
/// Only this shard's loop writes its cells, so an increment is a plain load and store, and no two loops share a cache
/// line. A scrape reads the cells of all shards and adds them up.
@usableFromInline
package final class MetricsShard {
    @usableFromInline let arena: CellArena
    // A copy as raw memory: the hot path reads it without touching a reference count.
    @usableFromInline let bounds: UnsafePointer<UInt64>

    init(arena: CellArena) {
        self.arena = arena
        let bounds = UnsafeMutablePointer<UInt64>.allocate(capacity: DurationBuckets.bounds.count)
        bounds.initialize(from: DurationBuckets.bounds, count: DurationBuckets.bounds.count)
        self.bounds = UnsafePointer(bounds)
    }

    deinit { bounds.deallocate() }

    @inlinable
    package func increment(_ counter: Counter, by amount: UInt64 = 1) {
        add(amount, to: counter.cell)
    }

    @inlinable
    package func adjust(_ gauge: Gauge, by amount: Int) {
        add(UInt64(bitPattern: Int64(amount)), to: gauge.cell)
    }

    @inlinable
    package func record(_ nanoseconds: UInt64, in histogram: DurationHistogram) {
        add(1, to: histogram.cell &+ DurationBuckets.bucket(of: nanoseconds, in: bounds))
        add(nanoseconds, to: histogram.cell &+ DurationHistogram.cellCount &- 1)
    }

    @inlinable
    func add(_ amount: UInt64, to cell: Int) {
        let counter = arena[cell]
        counter.pointee.store(counter.pointee.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }
}

@available(*, unavailable)
extension MetricsShard: Sendable {}
