import Observability

/// What the status page shows, as it is at one moment.
///
/// Times are seconds of Unix time.
package struct StatusSnapshot: Sendable {
    /// The issuer's host.
    package var host: String
    package var version: String
    package var startedAt: Int64
    package var now: Int64
    package var readiness: Readiness
    package var traffic: TrafficReport
    package var connections = ConnectionReport()
    package var routes: [Route]
    package var servers: [Server]
    package var certificates: [Certificate]
    package var signingKeys: [SigningKey]
    package var trustedIssuers: [TrustedIssuer]
    package var configuration: Configuration
    package var storage: Storage?

    package init(
        host: String,
        version: String,
        startedAt: Int64,
        now: Int64,
        readiness: Readiness,
        traffic: TrafficReport,
        configuration: Configuration
    ) {
        self.host = host
        self.version = version
        self.startedAt = startedAt
        self.now = now
        self.readiness = readiness
        self.traffic = traffic
        self.configuration = configuration
        routes = []
        servers = []
        certificates = []
        signingKeys = []
        trustedIssuers = []
    }
}

extension StatusSnapshot {
    /// Seconds since a time; what certificates and files say may be anything, so this never overflows.
    func age(of unixTime: Int64) -> Int64 { now.subtractingClamping(unixTime) }

    func timeLeft(until unixTime: Int64) -> Int64 { unixTime.subtractingClamping(now) }
}

extension Int64 {
    fileprivate func subtractingClamping(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (self < 0 ? .min : .max) : difference
    }
}

extension StatusSnapshot {
    package struct Route: Sendable {
        /// The name under which its metrics are counted.
        package var name: String
        package var path: String
        package var methods: [String]
        package var upstream: String?
        package var needs: Needs

        package init(name: String, path: String, methods: [String], upstream: String?, needs: Needs) {
            self.name = name
            self.path = path
            self.methods = methods
            self.upstream = upstream
            self.needs = needs
        }
    }

    /// What a route asks of its callers.
    package enum Needs: Sendable {
        case scopes(all: [String], any: [String])
        case token
        case optionalToken
        case nothing
        case denied
    }

    package struct Server: Sendable {
        package var upstream: String
        package var address: String
        package var health: Health

        package init(upstream: String, address: String, health: Health) {
            self.upstream = upstream
            self.address = address
            self.health = health
        }
    }

    package enum Health: Sendable {
        /// Nobody asks the server how it is; it has answered so far.
        case notChecked
        case healthy
        case down(since: Int64, reason: String)
    }

    package struct Certificate: Sendable {
        package var names: String
        package var expiresAt: Int64
        package var isSelfSigned: Bool

        package init(names: String, expiresAt: Int64, isSelfSigned: Bool) {
            self.names = names
            self.expiresAt = expiresAt
            self.isSelfSigned = isSelfSigned
        }
    }

    package struct SigningKey: Sendable {
        package var algorithm: String
        /// A word such as `active`, `next`, `retired`.
        package var state: String
        package var createdAt: Int64

        package init(algorithm: String, state: String, createdAt: Int64) {
            self.algorithm = algorithm
            self.state = state
            self.createdAt = createdAt
        }
    }

    package struct TrustedIssuer: Sendable {
        package var issuer: String
        /// Nil when there are none to be had.
        package var keyCount: Int?
        package var readAt: Int64

        package init(issuer: String, keyCount: Int?, readAt: Int64) {
            self.issuer = issuer
            self.keyCount = keyCount
            self.readAt = readAt
        }
    }

    package struct Configuration: Sendable {
        package var file: String
        package var loadedAt: Int64
        package var warningCount: Int
        /// How many errors the newest file has, when it could not be loaded.
        package var failedReloadErrorCount: Int?

        package init(file: String, loadedAt: Int64, warningCount: Int, failedReloadErrorCount: Int? = nil) {
            self.file = file
            self.loadedAt = loadedAt
            self.warningCount = warningCount
            self.failedReloadErrorCount = failedReloadErrorCount
        }
    }

    package struct Storage: Sendable {
        /// `SQLite`, `memory`.
        package var kind: String
        package var sizeBytes: UInt64?
        package var isHealthy: Bool

        package init(kind: String, sizeBytes: UInt64?, isHealthy: Bool) {
            self.kind = kind
            self.sizeBytes = sizeBytes
            self.isHealthy = isHealthy
        }
    }
}
