import Crypto
import JWT

extension AuthorizationServer {
    /// Issues a code for what the user allows (RFC 6749 §4.1.2), and makes the response that carries it.
    ///
    /// The code is bound to everything that the token request will be checked against.
    func issueCode(for stage: ConsentStage, scopes: [String]) async throws(StoreError) -> AuthorizationResponse {
        let request = stage.request
        let code = makeSecret()
        try await store.insertAuthorizationCode(
            AuthorizationCode(
                hash: AuthorizationCode.hash(of: code),
                clientID: request.clientID,
                redirectURI: request.redirectURI,
                redirectURIWasSent: request.redirectURIWasSent,
                userName: stage.prompt.user.name,
                scopes: scopes,
                resource: request.resource,
                nonce: request.nonce,
                codeChallenge: request.codeChallenge,
                authenticatedAt: stage.prompt.user.authenticatedAt,
                expiresAt: clock() + definition.codeLifetime
            )
        )
        return success(code: code, to: stage.redirectURI, state: request.state)
    }
}

extension AuthorizationCode {
    /// What a code is stored and found by: SHA-256 of its text.
    static func hash(of code: String) -> [UInt8] { Digest.sha256(code) }
}
