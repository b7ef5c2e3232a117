import Bytes
import Crypto
import JSON

/// What an ID token says: who signed in, when, and to whom that is told (OpenID Connect Core §2).
///
/// The claims of `profile` and `email` are left to the userinfo endpoint (§5.4).
struct IDTokenClaims: Sendable {
    var issuer: String
    /// The user.
    var subject: String
    /// The client; the only audience, so that no `azp` is needed.
    var clientID: String
    /// Seconds since 1970.
    var issuedAt: Int64
    /// Seconds since 1970.
    var expiresAt: Int64
    /// When the user signed in; seconds since 1970.
    var authenticatedAt: Int64?
    /// What the client sent, so that it knows its own request again.
    var nonce: String?
    /// The access token that comes with it.
    var accessToken: String

    /// The claims as JSON, for a signature of this algorithm.
    func json(algorithm: SignatureAlgorithm) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("iss", issuer)
        writer.member("sub", subject)
        writer.member("aud", clientID)
        writer.member("exp", expiresAt)
        writer.member("iat", issuedAt)
        if let authenticatedAt { writer.member("auth_time", authenticatedAt) }
        if let nonce { writer.member("nonce", nonce) }
        writer.member("at_hash", Self.hash(of: accessToken, algorithm: algorithm))
        writer.endObject()
        return writer.bytes
    }

    /// §3.1.3.6: the left half of the token's digest; the digest is the one of the signature.
    static func hash(of token: String, algorithm: SignatureAlgorithm) -> String {
        let digest = Array(token.utf8).withUnsafeBytes { Digest.digest($0, algorithm.digest ?? .sha512) }
        return Base64URL.encode(Array(digest.prefix(digest.count / 2)))
    }
}
