/// What is counted for the requests of one route.
package struct RouteMetrics: Sendable {
    // By the first digit of the status; 0 stands for clients that went away before there was one.
    private let responses: (Counter, Counter, Counter, Counter, Counter, Counter)
    package let duration: DurationHistogram

    /// Counts a finished request on its loop.
    package func record(status: Int, nanoseconds: UInt64, on shard: MetricsShard) {
        shard.increment(counter(of: status))
        shard.record(nanoseconds, in: duration)
    }

    private func counter(of status: Int) -> Counter {
        switch status {
        case 100..<200: responses.1
        case 200..<300: responses.2
        case 300..<400: responses.3
        case 400..<500: responses.4
        case 500..<600: responses.5
        default: responses.0
        }
    }

    fileprivate init(registry: MetricsRegistry, route: String) {
        func responses(_ statusClass: StatusClass) -> Counter {
            registry.counter(
                MetricName.requests,
                help: "Requests that were finished, by route and class of status.",
                labels: [MetricLabel("route", route), MetricLabel("code", statusClass.rawValue)]
            )
        }
        self.responses = (
            responses(.none), responses(.informational), responses(.successful), responses(.redirection),
            responses(.clientError), responses(.serverError)
        )
        duration = registry.durationHistogram(
            MetricName.requestDuration,
            help: "Time from the end of the request head to the end of the answer.",
            labels: [MetricLabel("route", route)]
        )
    }
}

/// What is counted for one server of an upstream.
package struct UpstreamMetrics: Sendable {
    package let requests: Counter
    package let failures: Counter
    package let retries: Counter
    package let inFlight: Gauge
    package let duration: DurationHistogram

    fileprivate init(registry: MetricsRegistry, upstream: String, server: String) {
        let labels = [MetricLabel("upstream", upstream), MetricLabel("server", server)]
        requests = registry.counter(
            MetricName.upstreamRequests,
            help: "Requests that were sent to the server.",
            labels: labels
        )
        failures = registry.counter(
            MetricName.upstreamFailures,
            help: "Requests that the server did not answer properly.",
            labels: labels
        )
        retries = registry.counter(
            MetricName.upstreamRetries,
            help: "Requests that were sent again after this server failed.",
            labels: labels
        )
        inFlight = registry.gauge(
            MetricName.upstreamInFlight,
            help: "Requests that the server is working on.",
            labels: labels
        )
        duration = registry.durationHistogram(
            MetricName.upstreamDuration,
            help: "Time from sending the request to the end of the answer.",
            labels: labels
        )
    }
}

extension MetricsRegistry {
    /// The metrics of a route, by the name that the access log gives it too.
    package func routeMetrics(_ route: String) -> RouteMetrics { RouteMetrics(registry: self, route: route) }

    package func upstreamMetrics(upstream: String, server: String) -> UpstreamMetrics {
        UpstreamMetrics(registry: self, upstream: upstream, server: server)
    }

    /// The counter of the requests that were refused for a reason, a short word in snake case.
    package func refusals(reason: String, status: Int) -> Counter {
        counter(
            MetricName.refusals,
            help: "Requests that the gateway refused, by reason.",
            labels: [MetricLabel("reason", reason), MetricLabel("status", String(status))]
        )
    }
}

/// The names that more than one place must know.
package enum MetricName {
    package static let requests = "gatehouse_requests_total"
    package static let requestDuration = "gatehouse_request_duration_seconds"
    package static let refusals = "gatehouse_refusals_total"
    package static let connections = "gatehouse_http_connections"
    package static let streams = "gatehouse_http2_streams"
    package static let abuse = "gatehouse_http2_abuse_total"
    package static let tunnels = "gatehouse_tunnels"
    package static let logins = "gatehouse_logins_total"
    package static let tokens = "gatehouse_tokens_total"
    package static let upstreamRequests = "gatehouse_upstream_requests_total"
    package static let upstreamFailures = "gatehouse_upstream_failures_total"
    package static let upstreamRetries = "gatehouse_upstream_retries_total"
    package static let upstreamInFlight = "gatehouse_upstream_requests_in_flight"
    package static let upstreamDuration = "gatehouse_upstream_request_duration_seconds"
}

enum StatusClass: String, CaseIterable {
    case none
    case informational = "1xx"
    case successful = "2xx"
    case redirection = "3xx"
    case clientError = "4xx"
    case serverError = "5xx"
}
