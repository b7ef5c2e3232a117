import JWT

/// A client's wish that the user signs out (OpenID Connect RP-Initiated Logout §2), as far as it can be believed.
package struct LogoutRequest: Sendable, Equatable {
    /// Who asks; nil where it does not say, or says it wrongly.
    package var client: OAuthClient?
    /// Whom the ID token is about; nil where there is no good one.
    package var user: String?
    /// Where the user may go on to, with the client's state: a registered address of the client.
    package var returnAddress: String?
    package var returnTarget: RedirectTarget?

    /// Whether the user must be asked before they are signed out: anybody could have made this request.
    package func needsConfirmation(signedIn name: String?) -> Bool {
        guard let name else { return false }
        return !(user?.utf8.elementsEqual(name.utf8) ?? false)
    }
}

extension AuthorizationServer {
    /// Reads a request to sign out; what is wrong in it is left out, since signing out must always be possible.
    /// - Throws: when the store can't answer.
    package func endSession(_ parameters: RequestParameters) async throws(StoreError) -> LogoutRequest {
        guard parameters.repeatedName == nil else { return LogoutRequest() }
        var hint: IDTokenHint?
        if let text = parameters["id_token_hint"] { hint = await idToken(text) }
        let hinted = hint.flatMap { $0.audiences.count == 1 ? $0.audiences.first : nil }
        var id = hinted
        if let named = parameters["client_id"] {
            // §2: they must be the same client.
            guard hinted == nil || named == hinted else { return LogoutRequest() }
            id = named
        }
        var request = LogoutRequest(user: hint?.subject)
        guard let id, let client = try await clients.client(id) else { return request }
        request.client = client
        guard let wanted = parameters["post_logout_redirect_uri"], let uri = RedirectURI(wanted),
            // §3: compared exactly; else it would be an open redirect.
            client.postLogoutRedirectURIs.contains(where: { $0.utf8.elementsEqual(wanted.utf8) })
        else { return request }
        let state = parameters["state"].flatMap { $0.utf8.count <= 4096 ? $0 : nil }
        request.returnAddress = state.map { uri.adding([("state", $0)]) } ?? uri.text
        request.returnTarget = uri.target
        return request
    }
}
