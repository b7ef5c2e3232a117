import JWT

extension AuthorizationServer {
    /// What a refreshed token may do: what was asked for, and no more than was granted (RFC 6749 §6).
    ///
    /// What a granted scope implies counts as granted: the user was shown it. What the client has lost since is left out.
    /// - Throws: `invalid_scope`.
    func narrowedScopes(
        _ parameters: RequestParameters,
        granted: [String],
        client: OAuthClient
    ) throws(OAuthError) -> [String] {
        let left = granted.filter(client.scopes.contains)
        guard !left.isEmpty || granted.isEmpty else {
            throw OAuthError(
                .invalidScope,
                "The client may not have any scope of this grant any more.",
                reason: .scopeNotAllowed
            )
        }
        guard let asked = parameters["scope"] else { return left }
        let scopes = try scopes(asked, of: client)
        let covered = definition.scopes.expanded(left)
        if let scope = scopes.first(where: { !covered.contains($0) }) {
            throw OAuthError(.invalidScope, "The scope \(scope) was not granted.", reason: .scopeNotAllowed)
        }
        return scopes
    }

    /// These scopes without the restricted ones that the user of a grant has not got any more.
    ///
    /// The user is read only where there is a restricted one.
    /// - Throws: `invalid_scope` where none is left; `temporarily_unavailable`.
    func scopesStillPermitted(_ scopes: [String], of grant: Grant) async throws(OAuthError) -> [String] {
        guard let name = grant.userName, scopes.contains(where: definition.scopes.isForSomeUsersOnly) else {
            return scopes
        }
        let user = try await OAuthError.mapping { () async throws(StoreError) in try await store.user(name) }
        let held = user?.restrictedScopes ?? []
        let left = scopes.filter {
            !definition.scopes.isForSomeUsersOnly($0) || definition.scopes.mayAllow($0, given: held)
        }
        guard !left.isEmpty else {
            throw OAuthError(
                .invalidScope,
                "The user may not allow any of these scopes any more.",
                reason: .notPermittedToUser
            )
        }
        return left
    }

    /// What a client may have for itself (RFC 6749 §4.4.2); all of it where it asks for nothing.
    ///
    /// Never a scope about a user, nor one that only certain users may allow.
    /// - Throws: `invalid_scope`.
    func ownScopes(_ parameters: RequestParameters, client: OAuthClient) throws(OAuthError) -> [String] {
        guard let asked = parameters["scope"] else { return client.scopes.filter(mayBelongToClient) }
        let scopes = try scopes(asked, of: client)
        if let scope = scopes.first(where: { !mayBelongToClient($0) }) {
            throw OAuthError(
                .invalidScope,
                "Only a user can allow the scope \(scope).",
                reason: .scopeNotAllowed
            )
        }
        return scopes
    }

    private func mayBelongToClient(_ scope: String) -> Bool {
        !ScopeCatalog.builtIn.contains { $0.name == scope } && definition.scopes.mayAllow(scope, given: [])
    }
}
