/// Servers that answer alike, and how to speak to them; checked already.
package struct UpstreamConfiguration: Sendable {
    /// The name in the configuration, for logs.
    package var name: String
    /// At least one.
    package var servers: [UpstreamServer]
    package var balance: Balance
    /// Nanoseconds for resolving, connecting and the TLS handshake together.
    package var connectTimeout: UInt64
    /// Nanoseconds from the last byte of a request to the head of its response.
    package var responseTimeout: UInt64
    /// Nanoseconds without progress in either direction within an exchange.
    package var idleTimeout: UInt64
    /// How often a request may be sent again after it reached a server.
    ///
    /// With 0 it is also not offered to another server when one cannot be reached.
    package var retries: Int
    /// What `https` servers must prove and are shown; nil trusts the system's authorities.
    package var tls: UpstreamTLS?
    /// Whether `https` servers may choose HTTP/2 in the handshake (RFC 9113 §3.2).
    package var offersHTTP2 = true
    /// Nanoseconds that an unused connection is kept.
    package var poolTimeout: UInt64 = 30 * second
    /// Unused connections kept for each server (on each loop).
    package var poolSize = 64
    package var health = HealthPolicy()
    /// The largest response head in bytes, and the most fields in it.
    package var responseHeaderSize = 64 << 10
    package var responseHeaderCount = 200

    /// How the server of a request is chosen.
    package enum Balance: Sendable {
        case roundRobin
        /// The one with the fewest requests under way on this loop.
        case leastRequests
    }

    private static let second: UInt64 = 1_000_000_000

    /// The time-outs default to those of `gateway.json`.
    package init(
        name: String,
        servers: [UpstreamServer],
        balance: Balance = .roundRobin,
        connectTimeout: UInt64 = 2 * second,
        responseTimeout: UInt64 = 30 * second,
        idleTimeout: UInt64 = 60 * second,
        retries: Int = 1,
        tls: UpstreamTLS? = nil
    ) {
        precondition(!servers.isEmpty, "an upstream has at least one server")
        self.name = name
        self.servers = servers
        self.balance = balance
        self.connectTimeout = connectTimeout
        self.responseTimeout = responseTimeout
        self.idleTimeout = idleTimeout
        self.retries = retries
        self.tls = tls
    }

    /// The name of the servers' certificates where it is not their host.
    func certificateName(of server: UpstreamServer) -> String {
        tls?.serverName ?? server.host
    }
}

/// One server of an upstream.
package struct UpstreamServer: Sendable, Equatable {
    package var isSecure: Bool
    /// Whether HTTP/2 is spoken without asking, in clear text (RFC 9113 §3.3).
    package var hasPriorKnowledge = false
    /// A name or an address, IPv6 without brackets.
    package var host: String
    package var port: UInt16
    /// The path of a Unix socket, which `host` and `port` then do not lead to.
    package var unixPath: String?

    /// A server that is reached over TCP; `hasPriorKnowledge` is for `h2c`.
    package init(isSecure: Bool = false, hasPriorKnowledge: Bool = false, host: String, port: UInt16) {
        precondition(!isSecure || !hasPriorKnowledge, "over TLS the version is chosen in the handshake")
        self.isSecure = isSecure
        self.hasPriorKnowledge = hasPriorKnowledge
        self.host = host
        self.port = port
    }

    /// A server behind a Unix socket, which takes plain HTTP.
    package init(unixPath: String) {
        isSecure = false
        host = "localhost"
        port = 80
        self.unixPath = unixPath
    }

    /// The value of `Host` for this server (RFC 9110 §7.2): without the port where it is the scheme's own.
    package var authority: String {
        port == (isSecure ? 443 : 80) ? bracketedHost : "\(bracketedHost):\(port)"
    }

    /// The server as a person writes it, for logs.
    package var description: String {
        unixPath.map { "unix:\($0)" } ?? "\(scheme)://\(bracketedHost):\(port)"
    }

    private var scheme: String { isSecure ? "https" : hasPriorKnowledge ? "h2c" : "http" }

    /// The host as it stands in a URL (RFC 3986 §3.2.2).
    var bracketedHost: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host }
}

/// When a server is left out for a while because it failed.
package struct HealthPolicy: Sendable {
    /// Failures in a row after which the server is left out.
    package var failureThreshold = 3
    /// Nanoseconds it is left out the first time; doubled each time in a row.
    package var firstPause: UInt64 = 1_000_000_000
    /// Nanoseconds it is left out at most.
    package var longestPause: UInt64 = 30_000_000_000
    /// Nanoseconds it is left out at most while it refuses connections at once: trying costs next to nothing then, and a
    /// server that was only started again should be back soon.
    package var longestQuickPause: UInt64 = 1_000_000_000

    package init() {}
}
