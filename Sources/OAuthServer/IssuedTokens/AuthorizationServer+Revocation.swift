import JWT

extension AuthorizationServer {
    /// The revocation endpoint (RFC 7009): returns when no part of this process accepts the token any more.
    ///
    /// An access token ends alone, a refresh token with its grant. `token_type_hint` is not needed: the two can't be
    /// mistaken for each other. A token that is not known, or has ended, is as the client wants it (§2.2).
    /// - Throws: `invalid_request`; `invalid_grant` where the token is another client's (§2.1); `temporarily_unavailable`.
    package func revoke(
        _ parameters: RequestParameters,
        client: OAuthClient,
        context: RequestContext
    ) async throws(OAuthError) {
        try parameters.checkNotRepeated()
        let text = try parameters.required("token")
        if let token = RefreshToken(text, key: refreshKey) {
            try await revoke(token, client: client, context: context)
        } else if let token = await minting.verify(accessToken: text) {
            try await revoke(token, client: client, context: context)
        }
    }

    /// Whatever its generation: a copy that is used up tells as well that the client wants an end.
    private func revoke(
        _ token: RefreshToken,
        client: OAuthClient,
        context: RequestContext
    ) async throws(OAuthError) {
        let found = try await OAuthError.mapping { () async throws(StoreError) in
            try await store.refreshFamily(token.familyID)
        }
        guard let grant = found?.grant else { return }
        guard client.isSame(as: grant.clientID) else {
            throw refuse("a refresh token", of: grant.clientID, user: grant.userName, sentBy: client, context: context)
        }
        let now = clock()
        let revoked = try await OAuthError.mapping { () async throws(StoreError) in
            try await store.revokeGrants(.id(grant.id), forgettingConsent: false, at: now)
        }
        await revocations.apply(revoked)
        audit.record(AuditEvent(.grantRevoked, grant: grant, detail: "by its client", context: context))
    }

    private func revoke(
        _ token: VerifiedToken,
        client: OAuthClient,
        context: RequestContext
    ) async throws(OAuthError) {
        guard client.isSame(as: token.clientID) else {
            let owner = token.clientID ?? "unknown"
            throw refuse("an access token", of: owner, user: token.userName, sentBy: client, context: context)
        }
        guard let tokenID = token.tokenID else { return }
        let revocation = Revocation(.token(issuer: token.issuer, id: tokenID), expiresAt: token.expiresAt)
        try await OAuthError.mapping { () async throws(StoreError) in
            try await store.revokeToken(revocation)
        }
        await revocations.apply([revocation])
        audit.record(
            AuditEvent(
                .tokenRevoked,
                user: token.userName,
                client: client.id,
                grant: token.grantID,
                detail: "the access token \(tokenID)",
                context: context
            )
        )
    }
}
