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
    /// What a user has allowed to whom, the latest first: `longestAppList` at most, however much they have allowed.
    /// - Throws: when the store can't answer.
    package func allowedApps(ofUser name: String) async throws(StoreError) -> [AllowedApp] {
        let limit = Self.longestAppList
        var apps: [String: AllowedApp] = [:]
        for grants in try await store.grantSummaries(ofUser: name, limit: limit) {
            apps[grants.clientID] = AllowedApp(
                clientID: grants.clientID,
                scopes: descriptions(of: grants.scopes),
                allowedAt: grants.createdAt,
                lastUsedAt: grants.lastUsedAt
            )
        }
        for consent in try await store.consents(ofUser: name, limit: limit, at: clock()) {
            var app = apps[consent.clientID] ?? AllowedApp(clientID: consent.clientID, scopes: [], allowedAt: .min)
            app.scopes = descriptions(of: Set(app.scopes.map(\.name) + consent.scopes))
            app.allowedAt = max(app.allowedAt, consent.grantedAt)
            app.consentExpiresAt = consent.expiresAt
            apps[consent.clientID] = app
        }
        let latest = apps.values.sorted { ($0.allowedAt, $0.clientID) > ($1.allowedAt, $1.clientID) }.prefix(limit)
        var listed: [AllowedApp] = []
        for var app in latest {
            app.client = try await clients.client(app.clientID)
            app.target = app.client?.redirectURIs.first.flatMap(RedirectURI.init)?.target
            listed.append(app)
        }
        return listed
    }

    /// How many apps a list has at most: the others come into it when some of these are taken back.
    static var longestAppList: Int { 100 }

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
