import Observability

/// What a server loop counts of its connections; requests are counted by those who answer them.
///
/// Confined to its event loop, like the shard that it counts in.
package struct ServerMetrics {
    private let shard: MetricsShard
    private let connections: [HTTPProtocol: Gauge]
    private let abuse: [HTTP2Abuse: Counter]
    private let streams: Gauge
    private let failedHandshakes: Counter

    package init(registry: MetricsRegistry, shard: MetricsShard) {
        self.shard = shard
        connections = Dictionary(
            uniqueKeysWithValues: HTTPProtocol.allCases.map { spoken in
                let labels = [MetricLabel("protocol", spoken.rawValue)]
                let help = "Open client connections whose protocol is known."
                return (spoken, registry.gauge(MetricName.connections, help: help, labels: labels))
            }
        )
        abuse = Dictionary(
            uniqueKeysWithValues: HTTP2Abuse.allCases.map { abuse in
                let labels = [MetricLabel("reason", abuse.rawValue)]
                let help = "HTTP/2 connections that were ended because of what their clients did."
                return (abuse, registry.counter(MetricName.abuse, help: help, labels: labels))
            }
        )
        streams = registry.gauge(MetricName.streams, help: "Requests under way on HTTP/2 connections.")
        failedHandshakes = registry.counter(
            "gatehouse_tls_handshakes_failed_total",
            help: "TLS handshakes of clients that failed or took too long."
        )
    }

    func connectionOpened(_ spoken: HTTPProtocol) { adjustConnections(spoken, by: 1) }

    func connectionClosed(_ spoken: HTTPProtocol) { adjustConnections(spoken, by: -1) }

    func streamOpened() { shard.adjust(streams, by: 1) }

    func streamClosed() { shard.adjust(streams, by: -1) }

    func handshakeFailed() { shard.increment(failedHandshakes) }

    /// Counts a connection that is ended for what its client does to it.
    func abused(_ abuse: HTTP2Abuse) {
        if let counter = self.abuse[abuse] { shard.increment(counter) }
    }

    private func adjustConnections(_ spoken: HTTPProtocol, by amount: Int) {
        if let gauge = connections[spoken] { shard.adjust(gauge, by: amount) }
    }
}

/// What is spoken on a client's connection, as logs and metrics name it.
package enum HTTPProtocol: String, Sendable, CaseIterable {
    case http1 = "HTTP/1.1"
    case http2 = "HTTP/2"
}

/// For what a connection is ended with ENHANCE_YOUR_CALM, as the metrics name it.
enum HTTP2Abuse: String, CaseIterable {
    /// The client takes requests back as fast as it sends them (CVE-2023-44487).
    case rapidReset = "rapid_reset"
    /// The client has us break its requests off by what is not allowed on them (CVE-2025-8671).
    case provokedResets = "provoked_resets"
    /// A block of fields that goes on and on in CONTINUATION frames (CVE-2024-27316).
    case continuationFlood = "continuation_flood"
    /// A block of fields that is small as it comes and huge when it is decoded.
    case fieldBomb = "field_bomb"
    case pingFlood = "ping_flood"
    case settingsFlood = "settings_flood"
    case priorityFlood = "priority_flood"
    case windowUpdateFlood = "window_update_flood"
    /// DATA frames with nothing in them that end nothing (CVE-2019-9518), or HEADERS of streams that are over.
    case emptyFrames = "empty_frames"
    /// The client has us answer frames and reads none of the answers (CVE-2019-9512, CVE-2019-9515).
    case unreadAnswers = "unread_answers"
}
