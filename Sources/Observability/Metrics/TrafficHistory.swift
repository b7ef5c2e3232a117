import Locking

/// Remembers the metrics of the last hour, one state a minute, for the status page.
///
/// Call `sample` once a minute, off the loops. What it keeps is bounded: the counts of an hour, and only the last few
/// minutes with their distributions.
package final class TrafficHistory: Sendable {
    private let registry: MetricsRegistry
    private let samples: Locked<[TrafficSample]>

    /// - Parameter unixTime: the start, from which the first counts are reckoned.
    package init(registry: MetricsRegistry, unixTime: Int64) {
        self.registry = registry
        samples = Locked([TrafficSample(registry, unixTime: unixTime, previous: nil)])
    }

    package func sample(unixTime: Int64) {
        samples.withLock { samples in
            samples.append(TrafficSample(registry, unixTime: unixTime, previous: samples.last))
            samples.removeFirst(max(0, samples.count - Self.samplesKept))
            if samples.count > Self.samplesInDetail { samples[samples.count - Self.samplesInDetail - 1].dropDetail() }
        }
    }

    /// The traffic since the youngest state that is at least five minutes old, else since the start.
    package func report(unixTime: Int64) -> TrafficReport {
        let samples = samples.withLock { $0 }
        let detailed = samples.filter { $0.detail != nil }
        let base = detailed.last { unixTime - $0.unixTime >= Self.windowSeconds } ?? detailed.first
        guard let base, let before = base.detail else { return TrafficReport() }
        let now = TrafficSample.Detail(registry)

        var report = TrafficReport()
        report.windowSeconds = max(1, unixTime - base.unixTime)
        report.all = now.flow(since: before)
        report.refusals = now.refusals(since: before)
        report.servers = now.servers(since: before)
        var routes = now.routes.indices.map { now.flow(of: $0, since: before) }
        for (earlier, later) in zip(samples, samples.dropFirst()) {
            let minute = later.minute(since: earlier)
            for (route, counts) in minute.route.enumerated() {
                routes[route].requestsEachMinute.append(counts.requests)
                routes[route].serverErrorsEachMinute.append(counts.serverErrors)
            }
            report.all.requestsEachMinute.append(minute.route.reduce(0) { $0 + $1.requests })
            report.all.serverErrorsEachMinute.append(minute.route.reduce(0) { $0 + $1.serverErrors })
            report.refusedEachMinute.append(minute.refused)
            report.p95EachMinute.append(later.p95OfMinute)
        }
        for (route, flow) in zip(now.routes, routes) { report.routes[route.name] = flow }
        return report
    }

    private static let windowSeconds: Int64 = 300
    private static let samplesKept = 61
    // Those that the window may begin with.
    private static let samplesInDetail = 7
}
