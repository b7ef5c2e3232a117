import Bytes
import Crypto
import JSON

/// What one of our access tokens says (RFC 9068 §2.2).
package struct AccessTokenClaims: Sendable {
    package var issuer: String
    /// The user, or the client where it acts for itself.
    package var subject: String
    /// At least one; the resource it is for.
    package var audiences: [String]
    /// Seconds since 1970.
    package var issuedAt: Int64
    /// Seconds since 1970.
    package var expiresAt: Int64
    /// The `jti`: never used twice.
    package var tokenID: String
    package var clientID: String
    package var scopes: [String]
    /// When the user signed in; seconds since 1970.
    package var authenticatedAt: Int64?
    package var preferredUserName: String?
    /// The grant it comes from, in the claim `gid`.
    package var grantID: String?

    package init(
        issuer: String,
        subject: String,
        audiences: [String],
        issuedAt: Int64,
        expiresAt: Int64,
        tokenID: String,
        clientID: String,
        scopes: [String],
        authenticatedAt: Int64? = nil,
        preferredUserName: String? = nil,
        grantID: String? = nil
    ) {
        self.issuer = issuer
        self.subject = subject
        self.audiences = audiences
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.tokenID = tokenID
        self.clientID = clientID
        self.scopes = scopes
        self.authenticatedAt = authenticatedAt
        self.preferredUserName = preferredUserName
        self.grantID = grantID
    }

    /// A new random id for a token or a grant: 128 bits as base64url.
    package static func makeIdentifier() -> String {
        identifier(SecureRandom.bytes(count: 16))
    }

    /// Random bytes as base64url, without a hyphen in front, which a command line would take for an option.
    package static func identifier(_ random: [UInt8]) -> String {
        var bytes = random
        // The first six bits make the first character; 62 is the hyphen.
        if let first = bytes.first, first >> 2 == 62 { bytes[0] = first ^ 0x80 }
        return Base64URL.encode(bytes)
    }

    /// The claims as JSON.
    func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("iss", issuer)
        writer.member("sub", subject)
        if audiences.count == 1 {
            writer.member("aud", audiences[0])
        } else {
            writer.member("aud", audiences)
        }
        writer.member("exp", expiresAt)
        writer.member("iat", issuedAt)
        writer.member("jti", tokenID)
        writer.member("client_id", clientID)
        // RFC 9068 §2.2.3: there when scopes were asked for.
        if !scopes.isEmpty { writer.member("scope", scopes.joined(separator: " ")) }
        if let authenticatedAt { writer.member("auth_time", authenticatedAt) }
        if let preferredUserName { writer.member("preferred_username", preferredUserName) }
        if let grantID { writer.member("gid", grantID) }
        writer.endObject()
        return writer.bytes
    }
}
