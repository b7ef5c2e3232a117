/// The access tokens of our own.
struct AccessTokenSettings: ConfigurationSection {
    static let title = "authorization_server.access_token"
    static let summary = "The access tokens (RFC 9068)."

    let lifetime: Duration
    let algorithm: OwnAlgorithm

    init?(_ reader: SectionReader) {
        lifetime = reader.value(
            "lifetime",
            .duration(minimum: .seconds(1), maximum: .seconds(86_400 * 30)),
            default: "10m",
            "How long they are valid."
        )
        algorithm = reader.value("algorithm", .word(), default: "ES256", "What they are signed with.")
    }
}

/// The signing keys of our own.
struct SigningSettings: ConfigurationSection {
    static let title = "authorization_server.signing"
    static let summary = """
        The signing keys. The next one is published before it signs, the last one kept until its last token has expired.
        """

    let rotateEvery: Duration

    init?(_ reader: SectionReader) {
        rotateEvery = reader.value(
            "rotate_every",
            .duration(minimum: .seconds(3600)),
            default: "30d",
            "How long one signs."
        )
    }
}

/// The refresh tokens (RFC 6749 §6, RFC 9700 §4.14).
package struct RefreshTokenSettings: Sendable, Equatable {
    package let idleLifetime: Duration
    package let absoluteLifetime: Duration
    /// Zero for none: every second use ends the grant.
    package let reuseInterval: Duration
}

extension RefreshTokenSettings: ConfigurationSection {
    static let title = "authorization_server.refresh_token"
    static let summary = """
        The refresh tokens. Each is good once and answered with its successor; one that is used again later ends its grant
        (RFC 9700 §4.14.2). Clients get them that are registered for the grant type `refresh_token`.
        """

    init?(_ reader: SectionReader) {
        idleLifetime = reader.value(
            "idle_lifetime",
            .duration(minimum: .seconds(1)),
            default: "14d",
            "The time between two uses."
        )
        absoluteLifetime = reader.value(
            "absolute_lifetime",
            .duration(minimum: .seconds(1)),
            default: "90d",
            "The time from the user's consent, however often they are used."
        )
        reuseInterval = reader.value(
            "reuse_interval",
            .duration(allowsZero: true, maximum: .seconds(300)),
            default: "10s",
            "How long a used token gets the same successor again, for clients that lost the answer."
        )
        if idleLifetime > absoluteLifetime, reader.has("idle_lifetime") || reader.has("absolute_lifetime") {
            let member = reader.has("idle_lifetime") ? "idle_lifetime" : "absolute_lifetime"
            reader.fault("idle_lifetime is longer than absolute_lifetime", at: member)
        }
    }
}

/// The authorization codes.
struct CodeSettings: ConfigurationSection {
    static let title = "authorization_server.authorization_code"
    static let summary = "The authorization codes (RFC 6749 §4.1.2)."

    let lifetime: Duration

    init?(_ reader: SectionReader) {
        // RFC 6749 §4.1.2: ten minutes at most are recommended.
        lifetime = reader.value(
            "lifetime",
            .duration(minimum: .seconds(1), maximum: .seconds(600)),
            default: "60s",
            "How long a code can be redeemed."
        )
    }
}

/// What users allow.
struct ConsentSettings: ConfigurationSection {
    static let title = "authorization_server.consent"
    static let summary = "What users allow clients."

    let lifetime: Duration

    init?(_ reader: SectionReader) {
        lifetime = reader.value(
            "remember_for",
            .duration(allowsZero: true),
            default: "30d",
            """
            How long a user who has allowed the same before is not asked again; `0s`: asked every time. Clients that \
            redirect to the user's own machine are always asked for.
            """
        )
    }
}
