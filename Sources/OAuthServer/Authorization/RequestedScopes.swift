extension AuthorizationServer {
    /// The scopes that a request asks for (RFC 6749 §3.3): each once, in its order; none where it has no `scope`.
    ///
    /// Whether the user may allow them is another question.
    /// - Throws: `invalid_scope` where one is not declared, or not registered for the client.
    func scopes(_ parameter: String?, of client: OAuthClient) throws(OAuthError) -> [String] {
        var scopes: [String] = []
        for word in (parameter ?? "").split(separator: " ") {
            let scope = String(word)
            guard Self.isScopeToken(scope), definition.scopes[scope] != nil else {
                throw OAuthError(.invalidScope, "There is no scope \(scope).", reason: .unknownScope)
            }
            guard client.scopes.contains(scope) else {
                throw OAuthError(
                    .invalidScope,
                    "The client is not registered for the scope \(scope).",
                    reason: .scopeNotAllowed
                )
            }
            if !scopes.contains(scope) { scopes.append(scope) }
        }
        return scopes
    }

    /// Whether it is a `scope-token` (RFC 6749 §3.3).
    private static func isScopeToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { $0 == 0x21 || (0x23...0x5B).contains($0) || (0x5D...0x7E).contains($0) }
    }
}
