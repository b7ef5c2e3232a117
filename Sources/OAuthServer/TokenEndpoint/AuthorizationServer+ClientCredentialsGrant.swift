import JWT

extension AuthorizationServer {
    /// Gives a client a token of its own (RFC 6749 §4.4); no refresh token, since it can come back at any time (§4.4.3).
    func grantToClient(
        _ parameters: RequestParameters,
        client: OAuthClient,
        context: RequestContext
    ) async throws(OAuthError) -> TokenResponse {
        // RFC 6749 §4.4: only where the client has proved who it is.
        guard !client.isPublic else {
            throw OAuthError(
                .unauthorizedClient,
                "A public client can't have a token of its own.",
                reason: .grantTypeNotRegistered
            )
        }
        let scopes = try ownScopes(parameters, client: client)
        let resource = try resource(parameters)
        let now = clock()
        let proposed = Grant(
            id: makeIdentifier(),
            userName: nil,
            clientID: client.id,
            scopes: scopes,
            resource: resource,
            createdAt: now,
            tokensExpireAt: now + definition.accessTokenLifetime
        )
        let grant = try await OAuthError.mapping { () async throws(StoreError) in
            try await store.clientGrant(proposed, for: client)
        }
        guard let grant else {
            throw OAuthError(.invalidClient, "The client was removed.", reason: .unknownClient)
        }
        if grant.id == proposed.id { audit.record(AuditEvent(.grantCreated, grant: grant, context: context)) }
        return try await mint(
            TokenContents(grant: grant, scopes: scopes, audience: resource, nonce: nil, issuedAt: now),
            client: client
        )
    }
}
