extension AuthorizationServer {
    /// The refusal of what was issued to another client than the one that sends it (RFC 6749 §5.2); it is recorded, since
    /// one of the two clients has it from somewhere else.
    func refuse(
        _ thing: StaticString,
        of clientID: String,
        user: String?,
        sentBy client: OAuthClient,
        context: RequestContext
    ) -> OAuthError {
        audit.record(
            AuditEvent(
                .tokenOfOtherClient,
                user: user,
                client: client.id,
                detail: "\(thing) of the client \(clientID)",
                context: context
            )
        )
        return OAuthError(.invalidGrant, "It was issued to another client.", reason: .otherClient)
    }
}

extension OAuthClient {
    /// Whether this is the client with an id, byte for byte.
    func isSame(as id: String?) -> Bool {
        id.map { $0.utf8.elementsEqual(self.id.utf8) } ?? false
    }
}
