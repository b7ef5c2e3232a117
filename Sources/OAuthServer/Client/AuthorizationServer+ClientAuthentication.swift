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
        // Who sends no secret guesses none.
        guard credentials.method != .none else { return try await find(credentials, context: context) }
        let id = credentials.clientID
        // RFC 6749 §2.3.1: secrets must not be guessed by trying.
        let wait = clientFailures.wait(client: id, address: context.address, at: clock())
        guard wait == 0 else {
            throw OAuthError(
                .temporarilyUnavailable,
                "This client failed to authenticate too often; try again later.",
                reason: .clientThrottled,
                status: 429,
                retryAfter: Int(clamping: wait)
            )
        }
        do throws(OAuthError) {
            let client = try await find(credentials, context: context)
            clientFailures.noteSuccess(client: id, address: context.address, at: clock())
            return client
        } catch {
            if error.code == .invalidClient { noteFailure(of: id, context: context) }
            throw error
        }
    }

    private func find(
        _ credentials: ClientCredentials,
        context: RequestContext
    ) async throws(OAuthError) -> OAuthClient {
        let client = try await OAuthError.unlessStored { () async throws(StoreError) in
            try await clients.client(credentials.clientID)
        }
        do throws(OAuthError) {
            return try Self.check(credentials, of: client)
        } catch {
            audit.record(
                AuditEvent(
                    .clientAuthenticationFailed,
                    client: Self.shortened(credentials.clientID),
                    detail: error.reason.rawValue,
                    context: context
                )
            )
            throw error
        }
    }

    private static func check(
        _ credentials: ClientCredentials,
        of client: OAuthClient?
    ) throws(OAuthError) -> OAuthClient {
        guard let client else {
            throw OAuthError(.invalidClient, "There is no client with this client_id.", reason: .unknownClient)
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
                throw OAuthError(.invalidClient, "The client secret is wrong.", reason: .wrongClientSecret)
            }
            return client
        }
    }

    /// The log hears once that a client is being slowed down, not of every request that this ends.
    private func noteFailure(of id: String, context: RequestContext) {
        clientFailures.noteFailure(client: id, address: context.address, at: clock())
        guard clientFailures.wait(client: id, address: context.address, at: clock()) > 0 else { return }
        audit.record(AuditEvent(.clientThrottled, client: Self.shortened(id), context: context))
    }

    /// An id that may be anything that somebody sent.
    private static func shortened(_ id: String) -> String { String(decoding: id.utf8.prefix(200), as: UTF8.self) }
}
