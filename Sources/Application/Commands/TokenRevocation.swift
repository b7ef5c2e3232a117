import JWT
import OAuthServer

/// `gatehouse token revoke`: ends one token before its time.
package enum TokenRevocation {
    /// What became of the token.
    package enum Outcome: Sendable, Equatable {
        case revoked(tokenID: String)
        case wasRevoked(tokenID: String)
        /// Nothing had to be done.
        case wasExpired

        /// What happened, for people.
        package var text: String {
            switch self {
            case .revoked(let tokenID): "revoked: the token \(tokenID) is refused from now on"
            case .wasRevoked(let tokenID): "the token \(tokenID) was revoked already"
            case .wasExpired: "the token had expired already"
            }
        }
    }

    /// Puts a token on the list that the running server watches; the token must be a good one.
    ///
    /// - Throws: `ApplicationError.setup` when it is not a token that could be taken, or has no `jti` to be known by.
    package static func revoke(
        _ token: String,
        _ gateway: OfflineGateway,
        now: Int64
    ) throws(ApplicationError) -> Outcome {
        let verified: VerifiedToken
        switch verify(token, gateway, now: now) {
        case .success(let token): verified = token
        case .failure(.expired): return .wasExpired
        case .failure(let refusal):
            let note = refusal == .unknownKey ? gateway.note.map { " (\($0))" } ?? "" : ""
            throw .setup("the token is refused anyway: \(refusal.description)\(note)")
        }
        guard let tokenID = verified.tokenID else {
            throw .setup("the token has no jti, by which it could be revoked")
        }
        if gateway.revocations.contains(verified) { return .wasRevoked(tokenID: tokenID) }
        let storage = try Storage.shared(gateway.configuration)
        let audit = try CommandAudit(gateway.configuration, now: now)
        let subject = Revocation.Subject.token(issuer: verified.issuer, id: tokenID)
        do throws(StoreError) {
            try storage.revocations.revoke([Revocation(subject, expiresAt: verified.expiresAt)])
        } catch {
            throw .storage("the token was not revoked: \(error.description)")
        }
        let event = AuditEvent(
            .tokenRevoked,
            user: verified.userName,
            client: verified.clientID,
            grant: verified.grantID
        )
        audit.record([event])
        return .revoked(tokenID: tokenID)
    }

    private static func verify(
        _ token: String,
        _ gateway: OfflineGateway,
        now: Int64
    ) -> Result<VerifiedToken, TokenRefusal> {
        Array(token.utf8).withUnsafeBytes { bytes in
            do throws(TokenRefusal) {
                return .success(try gateway.verifier.verify(bytes, at: now))
            } catch {
                return .failure(error)
            }
        }
    }
}
