import Crypto
import JWT

/// What goes into the tokens of one answer.
struct TokenContents: Sendable {
    var grant: Grant
    /// No more than those of the grant, or what they imply.
    var scopes: [String]
    /// The resource that the access token is for.
    var audience: String
    /// For the ID token.
    var nonce: String?
    /// Seconds since 1970.
    var issuedAt: Int64
}

extension AuthorizationServer {
    /// Makes an access token, and an ID token where a user has allowed `openid`.
    func mint(_ contents: TokenContents, client: OAuthClient) async throws(OAuthError) -> TokenResponse {
        let accessToken = try await mintAccessToken(contents)
        var response = TokenResponse(
            accessToken: accessToken,
            expiresIn: definition.accessTokenLifetime,
            scopes: contents.scopes
        )
        if let user = contents.grant.userName, contents.scopes.contains("openid") {
            response.idToken = try await mintIDToken(contents, user: user, accessToken: accessToken, client: client)
        }
        return response
    }

    /// RFC 9068 §2.2: where a client acts for itself, it is the subject.
    private func mintAccessToken(_ contents: TokenContents) async throws(OAuthError) -> String {
        let grant = contents.grant
        let claims = AccessTokenClaims(
            issuer: definition.issuer,
            subject: grant.userName ?? grant.clientID,
            audiences: [contents.audience],
            issuedAt: contents.issuedAt,
            expiresAt: contents.issuedAt + definition.accessTokenLifetime,
            tokenID: makeIdentifier(),
            clientID: grant.clientID,
            scopes: contents.scopes,
            authenticatedAt: grant.authenticatedAt,
            preferredUserName: grant.userName,
            grantID: grant.id
        )
        return try await OAuthError.mapping { () async throws(StoreError) in
            try await minting.mintAccessToken(claims)
        }
    }

    private func mintIDToken(
        _ contents: TokenContents,
        user: String,
        accessToken: String,
        client: OAuthClient
    ) async throws(OAuthError) -> String {
        let claims = IDTokenClaims(
            issuer: definition.issuer,
            subject: user,
            clientID: client.id,
            issuedAt: contents.issuedAt,
            expiresAt: contents.issuedAt + definition.accessTokenLifetime,
            authenticatedAt: contents.grant.authenticatedAt,
            nonce: contents.nonce,
            accessToken: accessToken
        )
        let algorithm = client.idTokenAlgorithm
        let payload = claims.json(algorithm: SignatureAlgorithm(name: algorithm) ?? .rs256)
        return try await OAuthError.mapping { () async throws(StoreError) in
            try await minting.sign(idToken: payload, algorithm: algorithm)
        }
    }
}
