import JSON
import JWT

extension AuthorizationServer {
    /// The userinfo endpoint (OpenID Connect Core §5.3): who the user is that this token is about, as JSON.
    ///
    /// Names and addresses are those of now, not those of when the token was made.
    /// - Throws: `invalid_token` (401), `insufficient_scope` (403), `temporarily_unavailable`.
    package func userInfo(token: VerifiedToken) async throws(OAuthError) -> [UInt8] {
        // RFC 9068 §4: we answer for each of our resources, and for nobody else's.
        guard token.isOwn, definition.resources.contains(where: token.isFor) else {
            throw OAuthError(.invalidToken, TokenRefusal.wrongAudience.description, reason: .unknownToken)
        }
        guard token.scopes.contains("openid") else {
            throw OAuthError(.insufficientScope, "The scope openid is needed.", reason: .scopeNotAllowed)
        }
        guard let user = try await user(of: token) else {
            throw OAuthError(.invalidToken, "The token is about no user.", reason: .unknownUser)
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("sub", user.name)
        // OpenID Connect Core §5.4.
        if token.scopes.contains("profile") {
            writer.member("preferred_username", user.name)
            if let fullName = user.fullName { writer.member("name", fullName) }
        }
        if token.scopes.contains("email"), let email = user.email { writer.member("email", email) }
        writer.endObject()
        return writer.bytes
    }

    private func user(of token: VerifiedToken) async throws(OAuthError) -> OAuthUser? {
        // A token that a client has for itself may have a subject that is some user's name too.
        guard token.userName != nil, let name = token.subject else { return nil }
        let user = try await OAuthError.mapping { () async throws(StoreError) in
            try await store.user(name)
        }
        return user?.isDisabled == false ? user : nil
    }
}
