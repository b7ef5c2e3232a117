import JWT

extension AuthorizationServer {
    /// Exchanges a refresh token for new tokens (RFC 6749 §6), and the token itself for its successor (RFC 9700 §4.14.2).
    func refresh(
        _ parameters: RequestParameters,
        client: OAuthClient,
        context: RequestContext
    ) async throws(OAuthError) -> TokenResponse {
        guard let token = RefreshToken(try parameters.required("refresh_token"), key: refreshKey) else {
            throw OAuthError(
                .invalidGrant,
                "This is not a refresh token of this server.",
                reason: .unknownRefreshToken
            )
        }
        let now = clock()
        let grant = try await grant(of: token, client: client, context: context)
        let narrowed = try narrowedScopes(parameters, granted: grant.scopes, client: client)
        let scopes = try await scopesStillPermitted(narrowed, of: grant)
        let audience = try self.audience(parameters, granted: grant.resource)
        // Before the rotation: a key that can't sign must not cost the client its refresh token.
        var response = try await mint(
            TokenContents(grant: grant, scopes: scopes, audience: audience, nonce: nil, issuedAt: now),
            client: client
        )
        let family = try await rotate(token, at: now, context: context)
        response.refreshToken = RefreshToken(family).text(key: refreshKey)
        return response
    }

    /// The grant that a refresh token belongs to, if it is this client's (RFC 6749 §6, §10.4).
    private func grant(
        of token: RefreshToken,
        client: OAuthClient,
        context: RequestContext
    ) async throws(OAuthError) -> Grant {
        let found = try await OAuthError.mapping { () async throws(StoreError) in
            try await store.refreshFamily(token.familyID)
        }
        guard let grant = found?.grant else {
            throw OAuthError(
                .invalidGrant,
                "The refresh token has expired or was revoked.",
                reason: .unknownRefreshToken
            )
        }
        guard client.isSame(as: grant.clientID) else {
            throw refuse("a refresh token", of: grant.clientID, user: grant.userName, sentBy: client, context: context)
        }
        return grant
    }

    /// The family after the token was used up, or as it is where it was a moment ago.
    private func rotate(
        _ token: RefreshToken,
        at now: Int64,
        context: RequestContext
    ) async throws(OAuthError) -> RefreshFamily {
        let presentation = RefreshPresentation(
            familyID: token.familyID,
            generation: token.generation,
            time: now,
            reuseInterval: definition.refreshTokens.reuseInterval,
            idleLifetime: definition.refreshTokens.idleLifetime,
            tokenExpiresAt: now + definition.accessTokenLifetime
        )
        let rotation = try await OAuthError.mapping { () async throws(StoreError) in
            try await store.rotateRefreshToken(presentation)
        }
        switch rotation {
        case .rotated(let family, _), .repeated(let family, _):
            return family
        case .reused(let grant, let revocation):
            // The answer comes when nobody can use the tokens any more.
            await revocations.apply([revocation])
            audit.record(AuditEvent(.refreshTokenReused, grant: grant, context: context))
            throw OAuthError(
                .invalidGrant,
                "The refresh token was used before; all tokens of its grant are revoked.",
                reason: .usedRefreshToken
            )
        case .expired:
            throw OAuthError(.invalidGrant, "The refresh token has expired.", reason: .expiredRefreshToken)
        case .unknown:
            throw OAuthError(
                .invalidGrant,
                "The refresh token has expired or was revoked.",
                reason: .unknownRefreshToken
            )
        }
    }
}
