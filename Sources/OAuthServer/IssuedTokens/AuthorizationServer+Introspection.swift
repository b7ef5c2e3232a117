import JSON
import JWT

extension AuthorizationServer {
    /// The introspection endpoint (RFC 7662): what a token is good for now, as JSON.
    ///
    /// A token that is not known, has ended, or is another client's and not this one's to ask about, is not active, and
    /// nothing more is said (§2.2).
    /// - Throws: `invalid_request`; `invalid_client` for a client without a secret (§2.1); `temporarily_unavailable`.
    package func introspect(_ parameters: RequestParameters, client: OAuthClient) async throws(OAuthError) -> [UInt8] {
        try parameters.checkNotRepeated()
        // RFC 7662 §2.1: nobody may try out tokens without having proved who they are.
        guard !client.isPublic else {
            throw OAuthError(
                .invalidClient,
                "A client without a secret can't ask about tokens.",
                reason: .wrongAuthenticationMethod
            )
        }
        let text = try parameters.required("token")
        if let token = RefreshToken(text, key: refreshKey) { return try await describe(token, client: client) }
        guard let token = await minting.verify(accessToken: text), client.mayAskAbout(token.clientID) else {
            return Self.inactive
        }
        return Self.describe(token)
    }

    private static func describe(_ token: VerifiedToken) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("active", true)
        writer.member("token_type", "Bearer")
        writer.member("scope", token.scopes.joined(separator: " "))
        if let userName = token.userName { writer.member("username", userName) }
        // Under the names that the token has for them (RFC 7662 §2.2, RFC 9068 §2.2).
        for name in ["iss", "sub", "aud", "client_id", "exp", "iat", "jti", "auth_time"] {
            guard let claim = token.claims[name] else { continue }
            writer.name(name)
            writer.node(claim)
        }
        writer.endObject()
        return writer.bytes
    }

    /// A refresh token has no `token_type`: nobody shall take it for an access token.
    private func describe(_ token: RefreshToken, client: OAuthClient) async throws(OAuthError) -> [UInt8] {
        let found = try await OAuthError.mapping { () async throws(StoreError) in
            try await store.refreshFamily(token.familyID)
        }
        guard let (family, grant) = found, client.mayAskAbout(grant.clientID),
            family.generation == token.generation, clock() < family.expiresAt
        else { return Self.inactive }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("active", true)
        writer.member("scope", grant.scopes.joined(separator: " "))
        if let userName = grant.userName { writer.member("username", userName) }
        writer.member("iss", definition.issuer)
        writer.member("sub", grant.userName ?? grant.clientID)
        writer.member("client_id", grant.clientID)
        writer.member("exp", family.expiresAt)
        writer.member("iat", family.rotatedAt)
        writer.endObject()
        return writer.bytes
    }

    private static let inactive = Array(#"{"active":false}"#.utf8)
}

extension OAuthClient {
    /// Whether it may know what a token of a client is good for.
    fileprivate func mayAskAbout(_ clientID: String?) -> Bool {
        mayIntrospect || isSame(as: clientID)
    }
}
