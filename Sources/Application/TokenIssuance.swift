import Configuration
import Crypto
import JWT
import OAuthServer

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

    /// Makes a grant, as every token has one, and signs a token with the key that signs now.
    ///
    /// - Throws: `ApplicationError` when the gateway is no issuer, a scope is not declared, a resource is not known, the
    ///   user is disabled or the storage can't be used.
    package func issue(
        _ configuration: GatewayConfiguration,
        _ storage: Storage,
        now: Int64
    ) async throws(ApplicationError) -> String {
        guard let settings = configuration.authorizationServer, let ring = storage.keyRing,
            let store = storage.authorization
        else {
            throw .setup("the configuration has no authorization_server, so there are no own tokens")
        }
        try check(configuration)
        let grant = Grant(
            id: AccessTokenClaims.makeIdentifier(),
            userName: user,
            clientID: client,
            scopes: scopes,
            resource: resource ?? configuration.issuer.text,
            createdAt: now,
            tokensExpireAt: now + (lifetime ?? settings.accessTokenLifetime.wholeSeconds)
        )
        let algorithm: SignatureAlgorithm = settings.accessTokenAlgorithm == .rs256 ? .rs256 : .es256
        do {
            guard try await store.user(user)?.isDisabled != true else {
                throw ApplicationError.setup("the user \(user.printable) is disabled")
            }
            try await store.insertGrant(grant)
            let signer = try ring.signer(algorithm, expiresAt: grant.tokensExpireAt, at: now)
            return try signer.mint(claims(of: grant, configuration))
        } catch let error as ApplicationError {
            throw error
        } catch {
            throw .storage("the token can't be signed: \(error)")
        }
    }

    private func claims(of grant: Grant, _ configuration: GatewayConfiguration) -> AccessTokenClaims {
        AccessTokenClaims(
            issuer: configuration.issuer.text,
            subject: user,
            audiences: [grant.resource],
            issuedAt: grant.createdAt,
            expiresAt: grant.tokensExpireAt,
            tokenID: AccessTokenClaims.makeIdentifier(),
            clientID: client,
            scopes: scopes,
            preferredUserName: user,
            grantID: grant.id
        )
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
