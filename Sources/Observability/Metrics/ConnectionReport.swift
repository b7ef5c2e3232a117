/// Who is connected at one moment, and what connections were ended for since the start.
package struct ConnectionReport: Sendable {
    /// Open connections by what is spoken on them, in the order in which the protocols were registered.
    package var protocols: [(name: String, connections: Int64)] = []
    /// Requests under way on HTTP/2 connections.
    package var streams: Int64 = 0
    /// WebSockets and other connections that a request has turned into.
    package var tunnels: Int64 = 0
    /// HTTP/2 connections that were ended for what their clients did, by reason; those that never happened are left out.
    package var abuse: [(reason: String, count: UInt64)] = []

    package init() {}
}

extension MetricsRegistry {
    /// Adds up what the loops have counted of their connections.
    package func connectionReport() -> ConnectionReport {
        var report = ConnectionReport()
        report.protocols = cells(of: MetricName.connections).map { ($0.labels.first?.value ?? "", level($0.cell)) }
        report.streams = cells(of: MetricName.streams).reduce(0) { $0 + level($1.cell) }
        report.tunnels = cells(of: MetricName.tunnels).reduce(0) { $0 + level($1.cell) }
        report.abuse = cells(of: MetricName.abuse)
            .map { ($0.labels.first?.value ?? "", sum($0.cell)) }
            .filter { $0.1 > 0 }
        return report
    }

    /// Loops count one after the other while this adds up, so that a sum can be below zero for a moment.
    private func level(_ cell: Int) -> Int64 { max(0, Int64(bitPattern: sum(cell))) }
}
