/// What an authorization server is: everything about it that the configuration decides.
///
/// Times are in seconds.
package struct AuthorizationServerDefinition: Sendable, Equatable {
    /// Which clients must use PKCE (RFC 7636, RFC 9700 §2.1.1).
    package enum PKCERequirement: Sendable, Equatable {
        case always
        case publicClients
    }

    package var issuer: String
    /// Where the endpoints are: a path without a slash at its end.
    package var basePath: String
    /// The declared scopes; those that are built in come on top.
    package var scopes: ScopeCatalog
    /// The protected resources that tokens can be for; the first is the issuer.
    package var resources: [String]
    package var accessTokenLifetime: Int64
    /// `ES256` or `RS256`.
    package var accessTokenAlgorithm: String
    package var refreshTokens: RefreshTokenPolicy
    package var codeLifetime: Int64
    package var requiresPKCE: PKCERequirement
    /// How long a consent is remembered; 0: not at all.
    package var consentLifetime: Int64
    package var sessionLifetime: SessionLifetime

    package init(
        issuer: String,
        basePath: String = "/oauth",
        scopes: [ScopeDefinition],
        resources: [String] = [],
        accessTokenLifetime: Int64 = 600,
        accessTokenAlgorithm: String = "ES256",
        refreshTokens: RefreshTokenPolicy = RefreshTokenPolicy(),
        codeLifetime: Int64 = 60,
        requiresPKCE: PKCERequirement = .always,
        consentLifetime: Int64 = 30 * 86400,
        sessionLifetime: SessionLifetime = SessionLifetime(idle: 3600, absolute: 12 * 3600)
    ) {
        self.issuer = issuer
        self.basePath = basePath
        self.scopes = ScopeCatalog(scopes)
        self.resources = resources.first == issuer ? resources : [issuer] + resources.filter { $0 != issuer }
        self.accessTokenLifetime = accessTokenLifetime
        self.accessTokenAlgorithm = accessTokenAlgorithm
        self.refreshTokens = refreshTokens
        self.codeLifetime = codeLifetime
        self.requiresPKCE = requiresPKCE
        self.consentLifetime = consentLifetime
        self.sessionLifetime = sessionLifetime
    }
}

/// How long refresh tokens live, in seconds.
package struct RefreshTokenPolicy: Sendable, Equatable {
    /// Between two uses.
    package var idleLifetime: Int64
    /// From log-in.
    package var absoluteLifetime: Int64
    /// How long a used token gets the same successor again.
    package var reuseInterval: Int64

    package init(idleLifetime: Int64 = 14 * 86400, absoluteLifetime: Int64 = 90 * 86400, reuseInterval: Int64 = 10) {
        self.idleLifetime = idleLifetime
        self.absoluteLifetime = absoluteLifetime
        self.reuseInterval = reuseInterval
    }
}
