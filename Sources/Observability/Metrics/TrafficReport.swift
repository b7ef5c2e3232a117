/// The traffic of the last minutes, made from two states of the metrics.
package struct TrafficReport: Equatable, Sendable {
    /// How far back the counts reach.
    package var windowSeconds: Int64 = 0
    package var all = Flow()
    package var refusals: [Refusals] = []
    /// One value a minute, oldest first, the last hour at most.
    package var refusedEachMinute: [Double] = []
    package var p95EachMinute: [Double] = []
    package var routes: [String: Flow] = [:]
    package var servers: [ServerKey: ServerFlow] = [:]

    package init() {}

    /// Requests that the gateway refused in the window.
    package var refused: UInt64 { refusals.reduce(0) { $0 + $1.count } }

    /// The requests of one route, or of all.
    package struct Flow: Equatable, Sendable {
        package var requests: UInt64 = 0
        package var successful: UInt64 = 0
        package var clientErrors: UInt64 = 0
        package var serverErrors: UInt64 = 0
        package var durations = DurationDistribution()
        /// One value a minute, oldest first, the last hour at most.
        package var requestsEachMinute: [Double] = []
        package var serverErrorsEachMinute: [Double] = []

        package init() {}

        mutating func add(_ other: Flow) {
            requests += other.requests
            successful += other.successful
            clientErrors += other.clientErrors
            serverErrors += other.serverErrors
            durations.add(other.durations)
        }
    }

    package struct Refusals: Equatable, Sendable {
        package var reason: String
        package var status: String
        package var count: UInt64

        package init(reason: String, status: String, count: UInt64) {
            self.reason = reason
            self.status = status
            self.count = count
        }
    }

    package struct ServerKey: Hashable, Sendable {
        package var upstream: String
        package var server: String

        package init(upstream: String, server: String) {
            self.upstream = upstream
            self.server = server
        }
    }

    package struct ServerFlow: Equatable, Sendable {
        package var inFlight: Int64 = 0
        package var retries: UInt64 = 0
        package var durations = DurationDistribution()

        package init() {}
    }
}
