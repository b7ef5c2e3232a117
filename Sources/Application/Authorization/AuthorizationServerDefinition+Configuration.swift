import Configuration
import OAuthServer

extension AuthorizationServerDefinition {
    /// What the authorization server needs of a configuration; nil where the gateway only enforces.
    init?(_ configuration: GatewayConfiguration) {
        guard let settings = configuration.authorizationServer else { return nil }
        self.init(
            issuer: configuration.issuer.text,
            basePath: settings.basePath,
            scopes: configuration.scopes.map {
                ScopeDefinition(
                    name: $0.name,
                    description: $0.description,
                    implies: $0.implies,
                    isRestricted: $0.isRestricted
                )
            },
            resources: configuration.resources.map(\.resource),
            accessTokenLifetime: settings.accessTokenLifetime.wholeSeconds,
            accessTokenAlgorithm: settings.accessTokenAlgorithm.rawValue,
            refreshTokens: RefreshTokenPolicy(
                idleLifetime: settings.refreshToken.idleLifetime.wholeSeconds,
                absoluteLifetime: settings.refreshToken.absoluteLifetime.wholeSeconds,
                reuseInterval: settings.refreshToken.reuseInterval.wholeSeconds
            ),
            codeLifetime: settings.codeLifetime.wholeSeconds,
            requiresPKCE: settings.pkce == .always ? .always : .publicClients,
            consentLifetime: settings.consentLifetime.wholeSeconds,
            sessionLifetime: SessionLifetime(settings.session)
        )
    }
}

extension SessionLifetime {
    init(_ settings: SessionSettings) {
        self.init(idle: settings.idleLifetime.wholeSeconds, absolute: settings.absoluteLifetime.wholeSeconds)
    }
}
