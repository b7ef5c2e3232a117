/// Something that happened and that someone may want to prove later; it holds no secret.
package struct AuditEvent: Sendable, Equatable {
    /// What can happen, by its name in the log.
    package enum Kind: String, Sendable, CaseIterable {
        case login
        case loginFailed = "login_failed"
        case loginThrottled = "login_throttled"
        case logout
        case consent
        case consentDenied = "consent_denied"
        case grantCreated = "grant_created"
        case grantRevoked = "grant_revoked"
        case tokenRevoked = "token_revoked"
        case refreshTokenReused = "refresh_token_reused"
        case codeReused = "code_reused"
        /// A client presented a code or a token that was issued to another one.
        case tokenOfOtherClient = "token_of_other_client"
        case clientAuthenticationFailed = "client_authentication_failed"
        case clientThrottled = "client_throttled"
        case passwordChanged = "password_changed"
        case sessionEnded = "session_ended"
        case userAdded = "user_added"
        case userRemoved = "user_removed"
        case userDisabled = "user_disabled"
        case userEnabled = "user_enabled"
        case clientAdded = "client_added"
        case clientRemoved = "client_removed"
        case clientSecretRotated = "client_secret_rotated"
        case keyRotated = "key_rotated"
        case keyRemoved = "key_removed"
    }

    package var kind: Kind
    /// A user's name; nil where nobody has the name that was typed: it may have been a password.
    package var user: String?
    package var client: String?
    package var address: String?
    /// The grant's id.
    package var grant: String?
    package var scopes: [String]?
    package var requestID: String?
    /// More, in words.
    package var detail: String?

    package init(
        _ kind: Kind,
        user: String? = nil,
        client: String? = nil,
        grant: String? = nil,
        scopes: [String]? = nil,
        detail: String? = nil,
        context: RequestContext? = nil
    ) {
        self.kind = kind
        self.user = user
        self.client = client
        self.grant = grant
        self.scopes = scopes
        self.detail = detail
        address = context?.address
        requestID = context?.requestID
    }

    /// Something that happened to a grant.
    package init(_ kind: Kind, grant: Grant, detail: String? = nil, context: RequestContext? = nil) {
        self.init(
            kind,
            user: grant.userName,
            client: grant.clientID,
            grant: grant.id,
            scopes: grant.scopes,
            detail: detail,
            context: context
        )
    }
}

/// Where audit events go.
package protocol AuditSink: Sendable {
    /// Records an event; never blocks, never throws.
    func record(_ event: AuditEvent)
}
