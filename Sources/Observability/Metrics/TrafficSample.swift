/// The counts of one moment, as `TrafficHistory` keeps them: slim for an hour, in detail for some minutes.
///
/// Routes and servers stand in the order in which they were registered, which never changes.
struct TrafficSample {
    let unixTime: Int64
    /// The low bits of each route's counts: differences from minute to minute are all that is asked of them.
    private let requests: [UInt32]
    private let serverErrors: [UInt32]
    private let refused: UInt64
    private let p95Milliseconds: Double
    private(set) var detail: Detail?

    struct Detail {
        var routes: [RouteCounts] = []
        var refusals: [[MetricLabel]: UInt64] = [:]
        var servers: [[MetricLabel]: TrafficReport.ServerFlow] = [:]
    }

    struct RouteCounts {
        let name: String
        var requests: UInt64 = 0
        var successful: UInt64 = 0
        var clientErrors: UInt64 = 0
        var serverErrors: UInt64 = 0
        // Nil before the first request: most routes of a large table see none.
        var durations: DurationDistribution?
    }

    init(_ registry: MetricsRegistry, unixTime: Int64, previous: TrafficSample?) {
        let detail = Detail(registry)
        self.unixTime = unixTime
        requests = detail.routes.map { UInt32(truncatingIfNeeded: $0.requests) }
        serverErrors = detail.routes.map { UInt32(truncatingIfNeeded: $0.serverErrors) }
        refused = detail.refusals.values.reduce(0, +)
        let p95 = detail.flow(since: previous?.detail).durations.percentile(0.95)
        p95Milliseconds = Double(p95 ?? 0) / 1_000_000
        self.detail = detail
    }

    mutating func dropDetail() { detail = nil }

    /// What came in between an earlier sample and this one, in each of the values that lines are drawn of.
    func minute(since earlier: TrafficSample) -> (route: [(requests: Double, serverErrors: Double)], refused: Double) {
        let routes = requests.indices.map { route in
            guard route < earlier.requests.count else { return (Double(requests[route]), Double(serverErrors[route])) }
            return (
                Double(requests[route] &- earlier.requests[route]),
                Double(serverErrors[route] &- earlier.serverErrors[route])
            )
        }
        return (routes, Double(refused - earlier.refused))
    }

    var p95OfMinute: Double { p95Milliseconds }
}

extension TrafficSample.Detail {
    init(_ registry: MetricsRegistry) {
        var positions: [String: Int] = [:]
        for (labels, cell) in registry.cells(of: MetricName.requestDuration) {
            var counts = TrafficSample.RouteCounts(name: labels.value(of: "route"))
            let durations = registry.distribution(at: cell)
            if durations.count > 0 { counts.durations = durations }
            positions[counts.name] = routes.count
            routes.append(counts)
        }
        for (labels, cell) in registry.cells(of: MetricName.requests) {
            guard let position = positions[labels.value(of: "route")] else { continue }
            routes[position].add(registry.sum(cell), statusClass: StatusClass(rawValue: labels.value(of: "code")))
        }
        for (labels, cell) in registry.cells(of: MetricName.refusals) { refusals[labels] = registry.sum(cell) }
        for (labels, cell) in registry.cells(of: MetricName.upstreamDuration) {
            servers[labels, default: .init()].durations = registry.distribution(at: cell)
        }
        for (labels, cell) in registry.cells(of: MetricName.upstreamRetries) {
            servers[labels, default: .init()].retries = registry.sum(cell)
        }
        for (labels, cell) in registry.cells(of: MetricName.upstreamInFlight) {
            servers[labels, default: .init()].inFlight = Int64(bitPattern: registry.sum(cell))
        }
    }

    /// What all routes together did since an earlier state.
    func flow(since earlier: TrafficSample.Detail?) -> TrafficReport.Flow {
        var all = TrafficReport.Flow()
        for route in routes.indices { all.add(flow(of: route, since: earlier)) }
        return all
    }

    /// What one route did since an earlier state.
    func flow(of route: Int, since earlier: TrafficSample.Detail?) -> TrafficReport.Flow {
        let now = routes[route]
        let before = earlier.flatMap { route < $0.routes.count ? $0.routes[route] : nil }
        var flow = TrafficReport.Flow()
        flow.requests = now.requests - (before?.requests ?? 0)
        flow.successful = now.successful - (before?.successful ?? 0)
        flow.clientErrors = now.clientErrors - (before?.clientErrors ?? 0)
        flow.serverErrors = now.serverErrors - (before?.serverErrors ?? 0)
        if let durations = now.durations {
            flow.durations = before?.durations.map { durations.since($0) } ?? durations
        }
        return flow
    }

    /// The refusals since an earlier state, most frequent first.
    func refusals(since earlier: TrafficSample.Detail) -> [TrafficReport.Refusals] {
        let all = refusals.map { labels, count in
            TrafficReport.Refusals(
                reason: labels.value(of: "reason"),
                status: labels.value(of: "status"),
                count: count - (earlier.refusals[labels] ?? 0)
            )
        }
        return all.filter { $0.count > 0 }.sorted { ($1.count, $0.reason) < ($0.count, $1.reason) }
    }

    func servers(since earlier: TrafficSample.Detail) -> [TrafficReport.ServerKey: TrafficReport.ServerFlow] {
        var flows: [TrafficReport.ServerKey: TrafficReport.ServerFlow] = [:]
        for (labels, now) in servers {
            var flow = now
            if let before = earlier.servers[labels] {
                flow.retries -= before.retries
                flow.durations = now.durations.since(before.durations)
            }
            let key = TrafficReport.ServerKey(
                upstream: labels.value(of: "upstream"),
                server: labels.value(of: "server")
            )
            flows[key] = flow
        }
        return flows
    }
}

extension TrafficSample.RouteCounts {
    fileprivate mutating func add(_ count: UInt64, statusClass: StatusClass?) {
        requests += count
        switch statusClass {
        case .successful: successful += count
        case .clientError: clientErrors += count
        case .serverError: serverErrors += count
        default: break
        }
    }
}

extension [MetricLabel] {
    fileprivate func value(of name: String) -> String { first { $0.name == name }?.value ?? "" }
}
