import Crypto
import JWT

extension AuthorizationServer {
    /// The client that a request at the token endpoint and its kin is from (RFC 6749 §2.3, §3.2.1).
    ///
    /// A method other than the registered one is refused: else a client with a secret could be played without it.
    /// - Throws: `invalid_client` (401); `temporarily_unavailable`, where secrets are guessed (429) or the storage does not
    ///   answer (503).
    package func authenticate(
        _ credentials: ClientCredentials,
        context: RequestContext
    ) async throws(OAuthError) -> OAuthClient {
        try checkFailures(credentials, context: context)
        let client = try await OAuthError.mapping { () async throws(StoreError) in
            try await clients.client(credentials.clientID)
        }
        do throws(OAuthError) {
            let known = try Self.check(credentials, of: client)
            if credentials.method != .none {
                clientFailures.noteSuccess(client: known.id, address: context.address, at: clock())
            }
            return known
        } catch {
            recordFailure(error.reason, of: credentials, client: client, context: context)
            throw error
        }
    }

    /// RFC 6749 §2.3.1: secrets must not be guessed by trying; who sends none guesses none.
    private func checkFailures(_ credentials: ClientCredentials, context: RequestContext) throws(OAuthError) {
        guard credentials.method != .none else { return }
        let wait = clientFailures.wait(client: credentials.clientID, address: context.address, at: clock())
        guard wait > 0 else { return }
        throw OAuthError(
            .temporarilyUnavailable,
            "This client failed to authenticate too often; try again later.",
            reason: .clientThrottled,
            status: 429,
            retryAfter: Int(clamping: wait)
        )
    }

    private static func check(
        _ credentials: ClientCredentials,
        of client: OAuthClient?
    ) throws(OAuthError) -> OAuthClient {
        guard let client else {
            throw OAuthError(.invalidClient, unknownOrWrong, reason: .unknownClient)
        }
        guard credentials.method == client.authenticationMethod else {
            throw OAuthError(
                .invalidClient,
                "This client is registered for the authentication method \(client.authenticationMethod.rawValue).",
                reason: .wrongAuthenticationMethod
            )
        }
        switch credentials {
        case .none:
            return client
        case .basic(_, let secret), .post(_, let secret):
            guard let hash = client.secretHash, ConstantTime.equals(Digest.sha256(secret), hash) else {
                throw OAuthError(.invalidClient, unknownOrWrong, reason: .wrongClientSecret)
            }
            return client
        }
    }

    /// Records the id of a client that is there only: another one may be a secret in the wrong place.
    private func recordFailure(
        _ reason: OAuthError.Reason,
        of credentials: ClientCredentials,
        client: OAuthClient?,
        context: RequestContext
    ) {
        audit.record(
            AuditEvent(.clientAuthenticationFailed, client: client?.id, detail: reason.rawValue, context: context)
        )
        guard credentials.method != .none else { return }
        let id = credentials.clientID
        clientFailures.noteFailure(client: id, address: context.address, at: clock())
        // Once when it begins, not for every request that it ends.
        guard clientFailures.wait(client: id, address: context.address, at: clock()) > 0 else { return }
        audit.record(AuditEvent(.clientThrottled, client: client?.id, context: context))
    }

    /// One text for both, so that nobody gets a list of clients by asking.
    private static let unknownOrWrong = "The client is unknown or its secret is wrong."
}
