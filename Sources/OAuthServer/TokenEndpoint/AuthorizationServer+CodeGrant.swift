import JWT

extension AuthorizationServer {
    /// Exchanges an authorization code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.6).
    ///
    /// Everything that the code is bound to is checked before it is used up, so that whoever has only the code can neither
    /// use it nor use it up. The tokens are made first too: a key that can't sign must not cost the client its code.
    func exchangeCode(
        _ parameters: RequestParameters,
        client: OAuthClient,
        context: RequestContext
    ) async throws(OAuthError) -> TokenResponse {
        let hash = AuthorizationCode.hash(of: try parameters.required("code"))
        let now = clock()
        let code = try await code(hash, of: client, at: now, context: context)
        try code.checkRedirectURI(parameters["redirect_uri"])
        try code.checkVerifier(parameters["code_verifier"])
        let audience = try self.audience(parameters, granted: code.resource)

        let grant = Grant(code, id: makeIdentifier(), at: now, tokensExpireAt: now + definition.accessTokenLifetime)
        let family = client.grantTypes.contains(.refreshToken) ? makeFamily(grantID: grant.id, at: now) : nil
        var response = try await mint(
            TokenContents(grant: grant, scopes: grant.scopes, audience: audience, nonce: code.nonce, issuedAt: now),
            client: client
        )
        response.refreshToken = family.map { RefreshToken($0).text(key: refreshKey) }
        let redemption = try await OAuthError.mapping { () async throws(StoreError) in
            try await store.redeemAuthorizationCode(hash, for: grant, family: family, at: now)
        }
        switch redemption {
        case .redeemed(let ended):
            await revocations.apply(ended)
            for case .grant(let id) in ended.map(\.subject) {
                audit.record(
                    AuditEvent(
                        .grantRevoked,
                        user: grant.userName,
                        client: grant.clientID,
                        grant: id,
                        detail: "too many",
                        context: context
                    )
                )
            }
            audit.record(AuditEvent(.grantCreated, grant: grant, context: context))
            return response
        case .alreadyUsed(let grantID):
            try await endGrant(grantID, ofReused: code, at: now, context: context)
            throw OAuthError(
                .invalidGrant,
                "The code was used before; what it gave then is revoked.",
                reason: .usedCode
            )
        case .unknown:
            throw Self.unknownCode
        }
    }

    /// The code with a hash, if it is this client's (RFC 6749 §4.1.3).
    private func code(
        _ hash: [UInt8],
        of client: OAuthClient,
        at now: Int64,
        context: RequestContext
    ) async throws(OAuthError) -> AuthorizationCode {
        let found = try await OAuthError.mapping { () async throws(StoreError) in
            try await store.authorizationCode(hash, at: now)
        }
        guard let code = found else { throw Self.unknownCode }
        guard client.isSame(as: code.clientID) else {
            throw refuse("a code", of: code.clientID, user: code.userName, sentBy: client, context: context)
        }
        return code
    }

    /// RFC 6749 §4.1.2, RFC 9700 §4.5: of two who present a code one has stolen it, so all that it gave ends.
    private func endGrant(
        _ grantID: String,
        ofReused code: AuthorizationCode,
        at now: Int64,
        context: RequestContext
    ) async throws(OAuthError) {
        let revoked = try await OAuthError.mapping { () async throws(StoreError) in
            try await store.revokeGrants(.id(grantID), forgettingConsent: false, at: now)
        }
        await revocations.apply(revoked)
        audit.record(
            AuditEvent(.codeReused, user: code.userName, client: code.clientID, grant: grantID, context: context)
        )
    }

    private func makeFamily(grantID: String, at now: Int64) -> RefreshFamily {
        let policy = definition.refreshTokens
        return RefreshFamily(
            id: random(RefreshToken.familyIDSize),
            grantID: grantID,
            rotatedAt: now,
            idleExpiresAt: now + min(policy.idleLifetime, policy.absoluteLifetime),
            absoluteExpiresAt: now + policy.absoluteLifetime
        )
    }

    private static let unknownCode = OAuthError(
        .invalidGrant,
        "The code is unknown or has expired.",
        reason: .unknownCode
    )
}

extension Grant {
    /// The grant that a code stands for.
    fileprivate init(_ code: AuthorizationCode, id: String, at now: Int64, tokensExpireAt: Int64) {
        self.init(
            id: id,
            userName: code.userName,
            clientID: code.clientID,
            scopes: code.scopes,
            resource: code.resource,
            createdAt: now,
            authenticatedAt: code.authenticatedAt,
            tokensExpireAt: tokensExpireAt
        )
    }
}
