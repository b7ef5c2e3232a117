import Configuration
import Crypto
import JWT

/// Makes access tokens of our own for scripts and smoke tests, outside of any authorization flow.
package struct TokenIssuance: Sendable {
    package var user: String
    package var scopes: [String]
    /// The client that the token is said to be for.
    package var client: String
    /// The protected resource; nil for the issuer.
    package var resource: String?
    /// Seconds; nil for `access_token.lifetime`.
    package var lifetime: Int64?

    /// The client of tokens that name none.
    package static let defaultClient = "gatehouse"

    package init(
        user: String,
        scopes: [String],
        client: String = defaultClient,
        resource: String? = nil,
        lifetime: Int64? = nil
    ) {
        self.user = user
        self.scopes = scopes
        self.client = client
        self.resource = resource
        self.lifetime = lifetime
    }

    /// Signs a token with the key that signs now.
    ///
    /// - Throws: `ApplicationError` when the gateway is no issuer, a scope is not declared, a resource is not known or the
    ///   keys can't be used.
    package func issue(
        _ configuration: GatewayConfiguration,
        _ storage: Storage,
        now: Int64
    ) throws(ApplicationError) -> String {
        guard let settings = configuration.authorizationServer, let ring = storage.keyRing else {
            throw .setup("the configuration has no authorization_server, so there are no own tokens")
        }
        try check(configuration)
        let expiresAt = now + (lifetime ?? settings.accessTokenLifetime.wholeSeconds)
        let claims = AccessTokenClaims(
            issuer: configuration.issuer.text,
            subject: user,
            audiences: [resource ?? configuration.issuer.text],
            issuedAt: now,
            expiresAt: expiresAt,
            tokenID: AccessTokenClaims.makeIdentifier(),
            clientID: client,
            scopes: scopes,
            preferredUserName: user,
            grantID: AccessTokenClaims.makeIdentifier()
        )
        do {
            let algorithm: SignatureAlgorithm = settings.accessTokenAlgorithm == .rs256 ? .rs256 : .es256
            return try ring.signer(algorithm, expiresAt: expiresAt, at: now).mint(claims)
        } catch {
            throw .storage("the token can't be signed: \(error)")
        }
    }

    private func check(_ configuration: GatewayConfiguration) throws(ApplicationError) {
        let declared = configuration.scopes.map(\.name) + GatewayConfiguration.builtInScopes
        for scope in scopes where !declared.contains(scope) {
            throw .setup("the scope \(scope) is not declared; declared are: \(declared.joined(separator: " "))")
        }
        guard let resource, resource != configuration.issuer.text else { return }
        guard configuration.resources.contains(where: { $0.resource == resource }) else {
            throw .setup("the resource \(resource) is not in the configuration")
        }
    }
}
