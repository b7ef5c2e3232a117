/// Another issuer whose access tokens are taken.
package struct TrustedIssuerSettings: Sendable, Equatable {
    package let issuer: String
    package let keysFile: String
    package let audiences: [String]
    /// JOSE names; never `none`.
    package let algorithms: [String]
    package let clockSkew: Duration
    /// Accepted values of `typ`; nil stands for its absence.
    package let tokenTypes: [String?]
    package let userNameClaim: String
    package let userPrefix: String
    /// Nil for `scope`, else `scp`.
    package let scopeClaim: String?
    /// The issuer's own scope names → ours.
    package let scopeMap: [MappedScope]

    /// What a scope of the issuer stands for here.
    package struct MappedScope: Sendable, Equatable {
        package let foreign: String
        package let scopes: [String]
    }
}

extension TrustedIssuerSettings: ConfigurationSection {
    static let title = "trusted_issuers[]"
    static let summary = """
        Other issuers whose access tokens are taken. Without `jwks_uri` and `jwks_file` their keys are found by discovery.
        """

    // Longer than a screen: a flat list of members, which splitting would only hide.
    init?(_ reader: SectionReader) {
        let issuer = reader.required("issuer", .text, "The exact value of `iss`.")
        let keysFile = reader.optional(
            "jwks_file",
            .path,
            "A file with the issuer's keys (RFC 7517), read again when it changes."
        )
        reader.later("jwks_uri", .jwksURL, "Where the issuer's keys are fetched.")
        let audiences = reader.required(
            "audiences",
            .list(of: .text, minimum: 1, unique: { $0 }),
            "Values of `aud`, one of which a token must have."
        )
        algorithms = reader.value(
            "algorithms",
            .nonEmpty(.list(of: .algorithm, unique: { $0 })),
            default: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"],
            "Signature algorithms. `HS256`, `HS384` and `HS512` only with keys of a `jwks_file`."
        )
        clockSkew = reader.value(
            "clock_skew",
            .duration(allowsZero: true, maximum: .seconds(600)),
            default: "60s",
            "How far the issuer's clock may be off."
        )
        tokenTypes = reader.value(
            "token_types",
            .nonEmpty(.list(of: .text, unique: { $0.lowercased() })),
            default: ["at+jwt", "JWT", "absent"],
            "Accepted values of `typ`; `absent` stands for a token without it."
        ).map { $0 == "absent" ? nil : $0 }
        userNameClaim = reader.value(
            "user_name_claim",
            .text,
            default: "sub",
            "The claim that is the user's name. Others than `sub` can often be edited by their users."
        )
        userPrefix = reader.value("user_prefix", .userPrefix, default: "", Self.userPrefixText)
        scopeClaim = reader.optional("scope_claim", .text, "The claim with the scopes. Absent: `scope`, else `scp`.")
        scopeMap = reader.value(
            "scope_map",
            .map(of: .mappedScope) { (_, _) in },
            default: [:],
            "The issuer's scope → ours, one or a list."
        )
        guard let issuer else { return nil }
        Self.check(reader, algorithms: algorithms)
        guard let keysFile, let audiences else { return nil }
        self.issuer = issuer
        self.keysFile = keysFile
        self.audiences = audiences
    }

    /// The rules between members.
    private static func check(_ reader: SectionReader, algorithms: [String]) {
        if reader.has("jwks_file"), reader.has("jwks_uri") {
            reader.fault("both jwks_file and jwks_uri", at: "jwks_uri")
        }
        if !reader.has("jwks_file"), !reader.has("jwks_uri") {
            reader.fault("discovery of keys is not supported yet", allowed: "jwks_file")
        }
        // A shared secret must not come over the network (RFC 8725 §3.1: algorithms are bound to keys).
        if !reader.has("jwks_file"), algorithms.contains(where: { $0.hasPrefix("HS") }) {
            reader.fault("an HMAC algorithm without a jwks_file", at: "algorithms")
        }
        if reader.context.declared.issuers.count > 1, !reader.has("user_prefix") {
            let allowed = "a text put before the names of this issuer's users, if only \"\""
            reader.fault("the member \"user_prefix\" is missing, and there is more than one issuer", allowed: allowed)
        }
    }

    private static let userPrefixText = """
        What is put before the user's name. Must be written, if only as `""`, where users come from more than one issuer, \
        ours included.
        """
}

extension Kind where Value == String {
    fileprivate static var algorithm: Kind {
        let words = [
            "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
            "HS256",
            "HS384", "HS512",
        ]
        // RFC 9864 §2.2: Ed25519 is what EdDSA meant.
        return Kind<String>.word(words).map { name, _ in name == "Ed25519" ? "EdDSA" : name }
    }

    fileprivate static var userPrefix: Kind {
        .text("a text, which may be empty") { (text, _) throws(ValueFault) in
            guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw ValueFault("a text with control characters")
            }
            return text
        }
    }

    fileprivate static var jwksURL: Kind {
        .text("an https URL", pattern: "^https?://") { (text, _) throws(ValueFault) in
            guard text.hasPrefix("https://") || WebURL(text)?.isLoopback == true else {
                throw ValueFault("not an https URL")
            }
            return text
        }
    }
}

extension Kind where Value == TrustedIssuerSettings.MappedScope {
    fileprivate static var mappedScope: Kind {
        let name = { (cursor: Cursor) in cursor.pointer.components.last ?? "" }
        let list = Kind<[String]>.list(of: .scope, minimum: 1, unique: { $0 })
        let single = Kind<String>.scope
        return .either(
            list.map { Value(foreign: name($1), scopes: $0) },
            when: { $0.array != nil },
            else: single.map { Value(foreign: name($1), scopes: [$0]) },
            words: "a scope of ours, or a list of them"
        )
    }
}
