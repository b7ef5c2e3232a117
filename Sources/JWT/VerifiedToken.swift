import JSON

/// A token whose signature, times and issuer were found good.
///
/// Whether it was revoked, and whether an own token is for the route at hand, is asked for each request.
package final class VerifiedToken: Sendable {
    package let issuer: String
    /// The issuer's place in the verifier's list.
    package let issuerIndex: Int
    /// Whether it is one of our own.
    package let isOwn: Bool
    package let subject: String?
    /// The user it stands for, with the issuer's prefix; nil where it stands for a client only.
    package let userName: String?
    /// The client it was issued to.
    package let clientID: String?
    /// The scopes, mapped to ours; each is a well-formed scope token (RFC 6749 §3.3).
    package let scopes: [String]
    package let audiences: [String]
    /// The last second in which it is accepted, the clock skew included; seconds since 1970.
    package let expiresAt: Int64
    /// Its `jti`, by which it can be revoked.
    package let tokenID: String?
    /// The id of the grant that an own token came from (`gid`), by which all its tokens can be revoked.
    package let grantID: String?
    package let keyID: String?
    /// All its claims.
    package let claims: JSONNode

    package init(
        issuer: String,
        issuerIndex: Int,
        isOwn: Bool,
        subject: String?,
        userName: String?,
        clientID: String?,
        scopes: [String],
        audiences: [String],
        expiresAt: Int64,
        tokenID: String?,
        grantID: String?,
        keyID: String?,
        claims: JSONNode
    ) {
        self.issuer = issuer
        self.issuerIndex = issuerIndex
        self.isOwn = isOwn
        self.subject = subject
        self.userName = userName
        self.clientID = clientID
        self.scopes = scopes
        self.audiences = audiences
        self.expiresAt = expiresAt
        self.tokenID = tokenID
        self.grantID = grantID
        self.keyID = keyID
        self.claims = claims
    }

    /// Whether it is for this audience, byte for byte.
    package func isFor(_ audience: String) -> Bool {
        audiences.contains { $0.utf8.elementsEqual(audience.utf8) }
    }

    /// The seconds since its `exp` passed; what a refusal says.
    package func refusalAfterExpiry(at unixTime: Int64) -> TokenRefusal {
        .expired(secondsAgo: max(0, unixTime - (claims["exp"]?.numericDate ?? unixTime)))
    }
}
