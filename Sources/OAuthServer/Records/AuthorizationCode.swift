import JWT

/// An authorization code as it is stored (RFC 6749 §4.1.2): by hash, with everything it is bound to.
package struct AuthorizationCode: Sendable, Equatable {
    /// SHA-256 of the code, which is 256 random bits.
    package var hash: [UInt8]
    package var clientID: String
    /// The one that the response went to.
    package var redirectURI: String
    /// Whether the authorization request named it; then the token request must repeat it (RFC 6749 §4.1.3).
    package var redirectURIWasSent: Bool
    package var userName: String
    package var scopes: [String]
    package var resource: String
    package var nonce: String?
    /// The S256 challenge (RFC 7636 §4.2); nil where PKCE was not used.
    package var codeChallenge: String?
    /// When the user signed in; seconds since 1970.
    package var authenticatedAt: Int64
    /// Seconds since 1970.
    package var expiresAt: Int64

    package init(
        hash: [UInt8],
        clientID: String,
        redirectURI: String,
        redirectURIWasSent: Bool,
        userName: String,
        scopes: [String],
        resource: String,
        nonce: String?,
        codeChallenge: String?,
        authenticatedAt: Int64,
        expiresAt: Int64
    ) {
        self.hash = hash
        self.clientID = clientID
        self.redirectURI = redirectURI
        self.redirectURIWasSent = redirectURIWasSent
        self.userName = userName
        self.scopes = scopes
        self.resource = resource
        self.nonce = nonce
        self.codeChallenge = codeChallenge
        self.authenticatedAt = authenticatedAt
        self.expiresAt = expiresAt
    }
}

/// What became of presenting a code.
package enum CodeRedemption: Sendable, Equatable {
    /// It is used now, and its grant is stored; the oldest of as many as there may be have ended for it.
    case redeemed(ended: [Revocation])
    /// It had been used before, for this grant.
    case alreadyUsed(grantID: String)
    /// No such code, or it has expired.
    case unknown
}
