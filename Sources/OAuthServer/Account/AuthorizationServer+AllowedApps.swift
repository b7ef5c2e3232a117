import JWT

/// A client that a user has allowed something, as the account page shows it.
package struct AllowedApp: Sendable, Equatable {
    package var clientID: String
    /// Nil where the configuration has it no more.
    package var client: OAuthClient?
    /// Where its users come back to, by the first of its redirect URIs.
    package var target: RedirectTarget?
    /// All that was allowed, in the catalogue's order.
    package var scopes: [ScopeDefinition]
    /// When something was allowed last; seconds since 1970.
    package var allowedAt: Int64
    /// To the minute; nil where it has no token that is good now.
    ///
    /// Seconds since 1970.
    package var lastUsedAt: Int64?
    /// Until when the user is not asked again; nil: they are asked every time.
    ///
    /// Seconds since 1970.
    package var consentExpiresAt: Int64?
}

extension AuthorizationServer {
    /// What a user has allowed to whom, the latest first.
    /// - Throws: when the store can't answer.
    package func allowedApps(ofUser name: String) async throws(StoreError) -> [AllowedApp] {
        let grants = try await store.grants(.ofUser(name))
        let consents = try await store.consents(ofUser: name, at: clock())
        var apps: [AllowedApp] = []
        for id in Set(grants.map(\.clientID) + consents.map(\.clientID)) {
            let own = grants.filter { $0.clientID == id }
            let consent = consents.first { $0.clientID == id }
            let client = try await clients.client(id)
            apps.append(
                AllowedApp(
                    clientID: id,
                    client: client,
                    target: client?.redirectURIs.first.flatMap(RedirectURI.init)?.target,
                    scopes: descriptions(of: Set(own.flatMap(\.scopes) + (consent?.scopes ?? []))),
                    allowedAt: (own.map(\.createdAt) + [consent?.grantedAt ?? .min]).max() ?? 0,
                    lastUsedAt: own.map(\.lastUsedAt).max(),
                    consentExpiresAt: consent?.expiresAt
                )
            )
        }
        return apps.sorted { ($0.allowedAt, $0.clientID) > ($1.allowedAt, $1.clientID) }
    }

    /// Takes back all that a user has allowed a client; its tokens are refused when this returns.
    /// - Returns: whether there was anything.
    /// - Throws: when the store can't answer.
    package func removeApp(
        _ clientID: String,
        ofUser name: String,
        context: RequestContext
    ) async throws(StoreError) -> Bool {
        let hadConsent = try await store.consent(user: name, client: clientID, at: clock()) != nil
        let revoked = try await store.revokeGrants(
            .ofUserAndClient(user: name, client: clientID),
            forgettingConsent: true,
            at: clock()
        )
        await revocations.apply(revoked)
        for case .grant(let id) in revoked.map(\.subject) {
            audit.record(AuditEvent(.grantRevoked, user: name, client: clientID, grant: id, context: context))
        }
        return hadConsent || !revoked.isEmpty
    }

    /// A scope that is not declared any more stands for itself.
    private func descriptions(of names: Set<String>) -> [ScopeDefinition] {
        let known = definition.scopes.definitions.filter { names.contains($0.name) }
        let others = names.filter { definition.scopes[$0] == nil }.sorted()
        return known + others.map { ScopeDefinition(name: $0, description: $0) }
    }
}
