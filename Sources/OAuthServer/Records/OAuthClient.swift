/// A program that may ask for tokens, named as in RFC 7591 §2.
package struct OAuthClient: Sendable, Equatable {
    /// How a client proves who it is at the token endpoint (RFC 7591 §2, `token_endpoint_auth_method`).
    package enum AuthenticationMethod: String, Sendable, CaseIterable {
        case secretBasic = "client_secret_basic"
        case secretPost = "client_secret_post"
        /// A public client (RFC 6749 §2.1): it has no secret.
        case none
    }

    /// What a client may present at the token endpoint (RFC 7591 §2, `grant_types`).
    package enum GrantType: String, Sendable, CaseIterable {
        case authorizationCode = "authorization_code"
        case refreshToken = "refresh_token"
        case clientCredentials = "client_credentials"
    }

    /// Where a client is written down.
    package enum Origin: String, Sendable {
        case configuration
        case storage
    }

    package var id: String
    /// Its own claim; nobody checked it.
    ///
    /// Nil: the id.
    package var name: String?
    package var authenticationMethod: AuthenticationMethod
    /// SHA-256 of the secret; nil for a public client.
    ///
    /// A secret is 256 random bits, so a plain digest is enough.
    package var secretHash: [UInt8]?
    package var redirectURIs: [String]
    package var grantTypes: Set<GrantType>
    /// What it may ask for; `openid`, `profile`, `email` and `offline_access` only where listed.
    package var scopes: [String]
    /// Scopes that a user can't untick; a subset of `scopes`.
    package var requiredScopes: [String]
    /// Whether it may ask about tokens of other clients (RFC 7662).
    package var mayIntrospect: Bool
    /// `RS256` or `ES256` (OpenID Connect Registration §2, `id_token_signed_response_alg`).
    package var idTokenAlgorithm: String
    package var postLogoutRedirectURIs: [String]
    package var origin: Origin
    /// Seconds since 1970; 0 for a client of the configuration.
    package var createdAt: Int64

    package init(
        id: String,
        name: String? = nil,
        authenticationMethod: AuthenticationMethod,
        secretHash: [UInt8]? = nil,
        redirectURIs: [String] = [],
        grantTypes: Set<GrantType> = [.authorizationCode],
        scopes: [String] = [],
        requiredScopes: [String] = [],
        mayIntrospect: Bool = false,
        idTokenAlgorithm: String = "RS256",
        postLogoutRedirectURIs: [String] = [],
        origin: Origin = .storage,
        createdAt: Int64 = 0
    ) {
        self.id = id
        self.name = name
        self.authenticationMethod = authenticationMethod
        self.secretHash = secretHash
        self.redirectURIs = redirectURIs
        self.grantTypes = grantTypes
        self.scopes = scopes
        self.requiredScopes = requiredScopes
        self.mayIntrospect = mayIntrospect
        self.idTokenAlgorithm = idTokenAlgorithm
        self.postLogoutRedirectURIs = postLogoutRedirectURIs
        self.origin = origin
        self.createdAt = createdAt
    }

    /// Whether it has no secret (RFC 6749 §2.1).
    package var isPublic: Bool { authenticationMethod == .none }
}
