extension AuthorizationServer {
    /// The scopes of a request that this user may allow, in the catalogue's order; the others are left out silently.
    /// - Throws: `access_denied` where one that the client can't do without is left out, or all are.
    func allowableScopes(
        of request: AuthorizationRequest,
        client: OAuthClient,
        user: SignedInUser
    ) throws(OAuthError) -> [ScopeDefinition] {
        // Declared and registered when the request came in; it may have changed.
        let asked = request.scopes.filter { definition.scopes[$0] != nil && client.scopes.contains($0) }
        let allowable = asked.filter { definition.scopes.mayAllow($0, given: user.restrictedScopes) }
        let isMissing = asked.contains { client.requiredScopes.contains($0) && !allowable.contains($0) }
        guard !isMissing, !allowable.isEmpty || request.scopes.isEmpty else {
            throw OAuthError(
                .accessDenied,
                "This user may not allow what the client needs.",
                reason: .notPermittedToUser
            )
        }
        return definition.scopes.definitions.filter { allowable.contains($0.name) }
    }
}
