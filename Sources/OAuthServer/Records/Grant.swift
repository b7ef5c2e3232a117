/// What was allowed to a client: every access token and refresh token comes from one and ends with it.
package struct Grant: Sendable, Equatable {
    /// The `gid` claim of its access tokens: 128 random bits as base64url.
    package var id: String
    /// Who allowed it; nil where the client acts for itself (RFC 6749 §4.4).
    package var userName: String?
    package var clientID: String
    package var scopes: [String]
    /// The protected resource that its tokens are for (RFC 8707); the issuer where none was asked for.
    package var resource: String
    /// Seconds since 1970.
    package var createdAt: Int64
    /// To the minute; seconds since 1970.
    package var lastUsedAt: Int64
    /// When the user signed in for it; seconds since 1970.
    package var authenticatedAt: Int64?
    /// No token of it is accepted after this; seconds since 1970.
    ///
    /// Kept at or after the `exp` of every token handed out.
    package var tokensExpireAt: Int64

    package init(
        id: String,
        userName: String?,
        clientID: String,
        scopes: [String],
        resource: String,
        createdAt: Int64,
        lastUsedAt: Int64? = nil,
        authenticatedAt: Int64? = nil,
        tokensExpireAt: Int64
    ) {
        self.id = id
        self.userName = userName
        self.clientID = clientID
        self.scopes = scopes
        self.resource = resource
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt ?? createdAt
        self.authenticatedAt = authenticatedAt
        self.tokensExpireAt = tokensExpireAt
    }
}

extension Grant {
    /// How many a user can have for one client by using codes: the next one ends the oldest.
    package static let limitPerUserAndClient = 100
}

/// All that a user has granted one client, in one.
package struct GrantSummary: Sendable, Equatable {
    package var clientID: String
    /// Of any of the grants, each once.
    package var scopes: Set<String>
    /// Of the latest; seconds since 1970.
    package var createdAt: Int64
    /// Of any; seconds since 1970.
    package var lastUsedAt: Int64

    package init(clientID: String, scopes: Set<String>, createdAt: Int64, lastUsedAt: Int64) {
        self.clientID = clientID
        self.scopes = scopes
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
    }
}

/// Which grants an operation is about.
package enum GrantSelection: Sendable, Equatable {
    case all
    case id(String)
    case ofUser(String)
    case ofClient(String)
    case ofUserAndClient(user: String, client: String)

    /// Whether a grant, or a code that can become one, is among them; the id is the grant's.
    package func covers(id: String?, user: String?, client: String) -> Bool {
        switch self {
        case .all: true
        case .id(let wanted): id == wanted
        case .ofUser(let name): user?.utf8.elementsEqual(name.utf8) ?? false
        case .ofClient(let wanted): client == wanted
        case .ofUserAndClient(let name, let wanted):
            client == wanted && user?.utf8.elementsEqual(name.utf8) ?? false
        }
    }
}
