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

    /// The seconds of a duration such as `10m`.
    ///
    /// - Throws: `ApplicationError.setup` for anything else.
    package static func seconds(_ text: String) throws(ApplicationError) -> Int64 {
        guard let duration = DurationText.parse(text), duration.wholeSeconds > 0 else {
            throw .setup("\(text.printable) is no lifetime; allowed is \(DurationText.words)")
        }
        return duration.wholeSeconds
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
        guard !user.isEmpty, !client.isEmpty else { throw .setup("a token needs a user and a client") }
        guard user != client else {
            // RFC 9068 §5: where `sub` is the client, the token speaks for no user.
            throw .setup(
                "user and client have the same name, so the token would be the client's own: choose another --client"
            )
        }
        let declared = configuration.scopes.map(\.name) + GatewayConfiguration.builtInScopes
        for scope in scopes where !declared.contains(scope) {
            let nearest = CommandText.clause(scope, among: declared)
            let names = declared.joined(separator: " ")
            throw .setup("the scope \(scope.printable) is not declared\(nearest) (declared: \(names))")
        }
        guard let resource, resource != configuration.issuer.text else { return }
        guard configuration.resources.contains(where: { $0.resource == resource }) else {
            let known = [configuration.issuer.text] + configuration.resources.map(\.resource)
            throw .setup("the resource \(resource.printable) is none of: \(known.joined(separator: " "))")
        }
    }
}
