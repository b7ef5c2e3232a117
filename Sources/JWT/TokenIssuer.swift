import Crypto

/// An issuer whose tokens are accepted, and how.
package struct TokenIssuer: Sendable {
    /// Where its keys stand.
    package enum Keys: Sendable {
        case available(JSONWebKeySet)
        /// They could not be had so far: its tokens are neither accepted nor refused.
        case unavailable
    }

    /// What `iss` must be, byte for byte.
    package var issuer: String
    package var keys: Keys
    /// One of these must be in `aud`; for own tokens empty: what they are for depends on the route.
    package var audiences: [String]
    /// The algorithms allowed beside what each key says, or nil for all.
    package var algorithms: Set<SignatureAlgorithm>?
    /// How far its clock may be off, in seconds.
    package var clockSkew: Int64
    package var tokenTypes: TokenTypes
    /// The claim that names the user.
    package var userNameClaim: String
    /// Goes before each user name.
    package var userPrefix: String
    /// The claim that holds the scopes, or nil for `scope`, else `scp`.
    package var scopeClaim: String?
    /// The scopes that each of its scopes stands for here; one that is not in it stands for itself.
    package var scopeMap: [String: [String]]
    /// Whether these are our own tokens, for which more is required (RFC 9068 §2.2).
    package var isOwn: Bool

    /// Another issuer that is trusted.
    package init(
        issuer: String,
        keys: Keys,
        audiences: [String],
        algorithms: Set<SignatureAlgorithm>? = nil,
        clockSkew: Int64 = 60,
        tokenTypes: TokenTypes = .standard,
        userNameClaim: String = "sub",
        userPrefix: String = "",
        scopeClaim: String? = nil,
        scopeMap: [String: [String]] = [:]
    ) {
        self.issuer = issuer
        self.keys = keys
        self.audiences = audiences
        self.algorithms = algorithms
        self.clockSkew = clockSkew
        self.tokenTypes = tokenTypes
        self.userNameClaim = userNameClaim
        self.userPrefix = userPrefix
        self.scopeClaim = scopeClaim
        self.scopeMap = scopeMap
        isOwn = false
    }

    /// Ourselves.
    package init(own issuer: String, keys: JSONWebKeySet, userNameClaim: String = "sub", userPrefix: String = "") {
        self.init(
            issuer: issuer,
            keys: .available(keys),
            audiences: [],
            clockSkew: 5,
            tokenTypes: .accessToken,
            userNameClaim: userNameClaim,
            userPrefix: userPrefix
        )
        isOwn = true
    }

    /// The check for a token with this header.
    /// - Throws: `keysUnavailable`, `unknownKey`, `unsupportedAlgorithm`.
    func verifier(for header: TokenHeader) throws(TokenRefusal) -> SignatureVerifier {
        guard case .available(let set) = keys else { throw .keysUnavailable }
        let isAllowed = algorithms?.contains(header.algorithm) ?? true
        guard let keyID = header.keyID else {
            // Trying several keys would let a token choose, and multiply what a forged one costs.
            let fitting = set.keys.lazy.compactMap { $0.verifier(for: header.algorithm) }
            guard isAllowed, let only = fitting.first, fitting.dropFirst().isEmpty else { throw .unknownKey }
            return only
        }
        var isKnown = false
        for key in set.keys where key.isNamed(keyID) {
            isKnown = true
            if isAllowed, let verifier = key.verifier(for: header.algorithm) { return verifier }
        }
        throw isKnown ? .unsupportedAlgorithm : .unknownKey
    }
}
