import Bytes
import Locking

/// All metrics of a process: series are registered up front, counted by loops in shards, and added up by a scrape.
///
/// Registering takes a lock and is for start and reload; the same name and labels give the same series again, so counts
/// go on across a reload. Counting takes none.
package final class MetricsRegistry: Sendable {
    // One for each loop, and one more for all other threads.
    private let arenas: [CellArena]
    private let state: Locked<State>

    package init(shards: Int) {
        arenas = (0...shards).map { _ in CellArena() }
        state = Locked(State())
    }

    /// The counts of one loop; only that loop may use it.
    package func shard(_ index: Int) -> MetricsShard { MetricsShard(arena: arenas[index]) }

    package func counter(_ name: String, help: String, labels: [MetricLabel] = []) -> Counter {
        Counter(cell: register(name, help, .counter, labels, cells: 1))
    }

    package func gauge(_ name: String, help: String, labels: [MetricLabel] = []) -> Gauge {
        Gauge(cell: register(name, help, .gauge, labels, cells: 1))
    }

    package func durationHistogram(_ name: String, help: String, labels: [MetricLabel] = []) -> DurationHistogram {
        DurationHistogram(cell: register(name, help, .histogram, labels, cells: DurationHistogram.cellCount))
    }

    /// A gauge that is read when it is scraped; registering it again replaces the reader.
    package func gauge(
        _ name: String,
        help: String,
        labels: [MetricLabel] = [],
        read: @escaping @Sendable () -> Double
    ) {
        state.withLock { $0.place(name, help, .gauge, labels, .reader(read)) }
    }

    /// Drops the read gauges of a family, before a reload registers those that are there now.
    package func removeReaders(of name: String) {
        state.withLock { $0.removeReaders(of: name) }
    }

    /// Counts from any thread that is not a loop.
    package func increment(_ counter: Counter, by amount: UInt64 = 1) {
        arenas[arenas.count - 1][counter.cell].pointee.wrappingAdd(amount, ordering: .relaxed)
    }

    /// Adjusts from any thread that is not a loop.
    package func adjust(_ gauge: Gauge, by amount: Int) {
        arenas[arenas.count - 1][gauge.cell].pointee.wrappingAdd(UInt64(bitPattern: Int64(amount)), ordering: .relaxed)
    }

    package func value(of counter: Counter) -> UInt64 { sum(counter.cell) }

    package func value(of gauge: Gauge) -> Int64 { Int64(bitPattern: sum(gauge.cell)) }

    package func distribution(of histogram: DurationHistogram) -> DurationDistribution {
        distribution(at: histogram.cell)
    }

    /// Appends every metric in the Prometheus text format 0.0.4.
    package func writePrometheusText(into output: inout ByteBuffer) {
        // The readers belong to others: they run outside the lock.
        let families = state.withLock { $0.families }
        for family in families where !family.series.isEmpty {
            PrometheusText.writeHeader(family, into: &output)
            for series in family.series {
                switch (series.source, family.kind) {
                case (.reader(let read), _):
                    PrometheusText.writeSample(family.name, series.labels, MetricNumber.text(read()), into: &output)
                case (.cell(let cell), .histogram):
                    PrometheusText.writeHistogram(family.name, series.labels, distribution(at: cell), into: &output)
                case (.cell(let cell), .counter):
                    PrometheusText.writeSample(family.name, series.labels, String(sum(cell)), into: &output)
                case (.cell(let cell), .gauge):
                    let value = Int64(bitPattern: sum(cell))
                    PrometheusText.writeSample(family.name, series.labels, String(value), into: &output)
                }
            }
        }
    }

    /// The counted series of a family in the order in which they were registered.
    func cells(of name: String) -> [(labels: [MetricLabel], cell: Int)] {
        state.withLock { $0.cells(of: name) }
    }

    func sum(_ cell: Int) -> UInt64 {
        arenas.reduce(0) { $0 &+ $1[cell].pointee.load(ordering: .relaxed) }
    }

    func distribution(at cell: Int) -> DurationDistribution {
        var distribution = DurationDistribution()
        for bucket in 0..<DurationBuckets.count { distribution.counts[bucket] = sum(cell + bucket) }
        distribution.sumNanoseconds = sum(cell + DurationBuckets.count)
        return distribution
    }

    private func register(_ name: String, _ help: String, _ kind: Kind, _ labels: [MetricLabel], cells: Int) -> Int {
        state.withLock { state in
            if let known = state.cell(of: name, labels) { return known }
            let cell = state.allocate(cells)
            for arena in arenas { arena.makeBlock(for: cell) }
            state.place(name, help, kind, labels, .cell(cell))
            return cell
        }
    }
}

extension MetricsRegistry {
    enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    struct Family: Sendable {
        let name: String
        let help: String
        let kind: Kind
        var series: [Series] = []
        var positions: [[MetricLabel]: Int] = [:]
    }

    struct Series: Sendable {
        let labels: [MetricLabel]
        var source: Source
    }

    enum Source: Sendable {
        case cell(Int)
        case reader(@Sendable () -> Double)
    }

    private struct State {
        var families: [Family] = []
        private var positions: [String: Int] = [:]
        private var nextCell = 0

        /// Reserves cells that lie in one block, so that a histogram's are side by side.
        mutating func allocate(_ count: Int) -> Int {
            let left = CellArena.blockSize - nextCell % CellArena.blockSize
            if left < count { nextCell += left }
            let cell = nextCell
            nextCell += count
            precondition(
                nextCell <= CellArena.blockSize * CellArena.blockLimit,
                "label values are registered without end"
            )
            return cell
        }

        func cell(of name: String, _ labels: [MetricLabel]) -> Int? {
            guard let position = positions[name], let index = families[position].positions[labels],
                case .cell(let cell) = families[position].series[index].source
            else { return nil }
            return cell
        }

        func cells(of name: String) -> [(labels: [MetricLabel], cell: Int)] {
            guard let position = positions[name] else { return [] }
            return families[position].series.compactMap { series in
                if case .cell(let cell) = series.source { (series.labels, cell) } else { nil }
            }
        }

        mutating func place(_ name: String, _ help: String, _ kind: Kind, _ labels: [MetricLabel], _ source: Source) {
            let position = positions[name] ?? families.count
            if position == families.count {
                families.append(Family(name: name, help: help, kind: kind))
                positions[name] = position
            }
            precondition(families[position].kind == kind, "one name stands for two kinds of metric")
            if let index = families[position].positions[labels] {
                families[position].series[index].source = source
            } else {
                families[position].positions[labels] = families[position].series.count
                families[position].series.append(Series(labels: labels, source: source))
            }
        }

        mutating func removeReaders(of name: String) {
            guard let position = positions[name] else { return }
            families[position].series.removeAll {
                if case .reader = $0.source { true } else { false }
            }
            families[position].positions = [:]
            for (index, series) in families[position].series.enumerated() {
                families[position].positions[series.labels] = index
            }
        }
    }
}
