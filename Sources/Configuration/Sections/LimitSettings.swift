/// What a client may ask for at most.
package struct LimitSettings: Sendable, Equatable {
    package let targetSize: UInt64
    package let headerSize: UInt64
    package let headerCount: Int
    package let bodySize: UInt64
    package let headerTimeout: Duration
    /// Bytes a second, counted after ten seconds; nil for none.
    package let bodyMinimumRate: UInt64?
    package let idleTimeout: Duration
    package let connections: Int
    /// Nil for any number.
    package let connectionsPerAddress: Int?
    package let http2: HTTP2LimitSettings
    package let login: LoginLimitSettings
    package let token: TokenLimitSettings
}

/// How often a log-in may fail before the next ones are refused without looking at the password.
package struct LoginLimitSettings: Sendable, Equatable {
    /// Nil for any number.
    package let perUser: Rate?
    /// Nil for any number.
    package let perAddress: Rate?
}

/// How often a client may fail to prove who it is.
package struct TokenLimitSettings: Sendable, Equatable {
    /// Nil for any number.
    package let perClient: Rate?
}

extension LimitSettings: ConfigurationSection {
    static let title = "limits"
    static let summary = "What a client may ask for at most."

    init?(_ reader: SectionReader) {
        targetSize = reader.value(
            "target_size",
            .size(64...65_536),
            default: "8KiB",
            "The request target. Longer: 414."
        )
        headerSize = reader.value(
            "header_size",
            .size(1024...1_048_576),
            default: "32KiB",
            "The whole head. Larger: 431."
        )
        headerCount = reader.value(
            "header_count",
            .integer(1...1000),
            default: 100,
            "The fields of the head. More: 431."
        )
        bodySize = reader.value("body_size", .size(), default: "10MiB", "A request's body. Larger: 413.")
        headerTimeout = reader.value(
            "header_timeout",
            .duration(),
            default: "10s",
            "The time to send the head. Longer: 408."
        )
        bodyMinimumRate = reader.value(
            "body_min_rate",
            Kind<UInt64>.size(1...ByteSize.maximum).orOff,
            default: 500,
            """
            The bytes a second at which a body must come, counted after 10 s, or `off`. Slower: 408. gRPC calls, and
            streams of HTTP/2 whose response has begun, may rest for the upstream's `idle_timeout` instead.
            """
        )
        idleTimeout = reader.value(
            "idle_timeout",
            .duration(),
            default: "75s",
            "The time between two requests, and for which a client may take nothing of its answer; up to 1 s more."
        )
        connections = reader.value(
            "connections",
            .integer(1...10_000_000),
            default: 10_000,
            "Connections open at once."
        )
        connectionsPerAddress = reader.value(
            "connections_per_address",
            Kind<Int>.integer(1...10_000_000).orOff,
            default: "off",
            "Connections open at once from one address; more are closed at once."
        )
        http2 = reader.value("http2", .section, default: [:], "Connections that speak HTTP/2.")
        login = reader.value("login", .section, default: [:], "Failed log-ins.")
        token = reader.value("token", .section, default: [:], "Failed token requests.")
        Self.describeRequests(reader)
        if headerSize < targetSize { reader.fault("header_size is less than target_size", at: "header_size") }
    }

    /// What limits how often somebody may come: checked already, there for later.
    private static func describeRequests(_ reader: SectionReader) {
        reader.optionalSection("requests", title: "limits.requests", "Requests.") { reader in
            reader.later("per_user", Kind<Rate>.rate.orOff, default: "off", "Requests of one user.")
            reader.later("per_client", Kind<Rate>.rate.orOff, default: "off", "Requests of one client.")
            reader.later("per_address", Kind<Rate>.rate.orOff, default: "off", "Requests from one address.")
        }
    }
}

extension LoginLimitSettings: ConfigurationSection {
    static let title = "limits.login"
    static let summary = """
        Failed log-ins. Beyond a limit the answer is 429 before the password is looked at, for users that exist and for
        those that don't.
        """

    init?(_ reader: SectionReader) {
        perUser = reader.value(
            "per_user",
            Kind<Rate>.rate.orOff,
            default: "5/15m",
            "Failures for one user name, or `off`. A browser in which that user signed in before is not held up by it."
        )
        perAddress = reader.value(
            "per_address",
            Kind<Rate>.rate.orOff,
            default: "30/15m",
            "Failures from one address (IPv6: one /64), or `off`."
        )
    }
}

extension TokenLimitSettings: ConfigurationSection {
    static let title = "limits.token"
    static let summary = "Failed token requests."

    init?(_ reader: SectionReader) {
        perClient = reader.value(
            "per_client",
            Kind<Rate>.rate.orOff,
            default: "60/1m",
            "How often one client may fail to prove who it is, or `off`. More: 429."
        )
    }
}
