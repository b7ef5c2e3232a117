import JSON

/// What the token endpoint answers (RFC 6749 §5.1).
package struct TokenResponse: Sendable {
    package var accessToken: String
    /// Seconds.
    package var expiresIn: Int64
    package var refreshToken: String?
    package var idToken: String?
    package var scopes: [String]

    package init(
        accessToken: String,
        expiresIn: Int64,
        refreshToken: String? = nil,
        idToken: String? = nil,
        scopes: [String]
    ) {
        self.accessToken = accessToken
        self.expiresIn = expiresIn
        self.refreshToken = refreshToken
        self.idToken = idToken
        self.scopes = scopes
    }

    /// The body, `application/json`.
    package func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("access_token", accessToken)
        writer.member("token_type", "Bearer")
        writer.member("expires_in", expiresIn)
        if let refreshToken { writer.member("refresh_token", refreshToken) }
        if let idToken { writer.member("id_token", idToken) }
        // Always: it may be less than what was asked for (RFC 6749 §3.3).
        writer.member("scope", scopes.joined(separator: " "))
        writer.endObject()
        return writer.bytes
    }
}
