import Configuration
import Gateway

extension GatewayDefinition {
    /// What the gateway needs of a configuration.
    init(_ configuration: GatewayConfiguration) {
        let upstreams = Dictionary(
            configuration.upstreams.enumerated().map { ($0.element.name, $0.offset) },
            uniquingKeysWith: { first, _ in first }
        )
        let resources = Dictionary(
            configuration.resources.map { ($0.name, $0.resource) },
            uniquingKeysWith: { first, _ in first }
        )
        let declared = configuration.scopes.map { ScopeDefinition(name: $0.name, implies: $0.implies) }
        let builtIn = GatewayConfiguration.builtInScopes.map { ScopeDefinition(name: $0) }
        self.init(
            issuer: configuration.issuer.text,
            routes: configuration.routes.map { RouteDefinition($0, upstreams: upstreams, resources: resources) },
            scopes: declared + builtIn.filter { scope in !declared.contains { $0.name == scope.name } },
            issuers: configuration.tokenIssuerNames
        )
        if let pages = configuration.authorizationServer?.pages { productName = pages.productName }
        forwarding.userHeader = configuration.forwarding.userField
        forwarding.clientHeader = configuration.forwarding.clientField
        forwarding.scopeHeader = configuration.forwarding.scopeField
        forwarding.underscoreHeaders =
            switch configuration.forwarding.underscoreFields {
            case .reject: .reject
            case .drop: .drop
            case .allow: .allow
            }
    }
}

extension GatewayConfiguration {
    /// The issuers in the order in which the token verifier has them: our own first, if there is one.
    var tokenIssuerNames: [String] {
        (authorizationServer == nil ? [] : [issuer.text]) + trustedIssuers.map(\.issuer)
    }
}

extension RouteDefinition {
    fileprivate init(_ settings: RouteSettings, upstreams: [String: Int], resources: [String: String]) {
        self.init(
            name: settings.label,
            path: settings.path.text,
            access: Gateway.RouteAccess(settings.access),
            upstream: settings.upstream.flatMap { upstreams[$0] }
        )
        hosts = settings.hosts
        methods = settings.methods ?? []
        claims = settings.claims.map {
            Gateway.ClaimRule(claim: $0.name, allowed: $0.values.map(Gateway.ClaimValue.init))
        }
        issuers = settings.issuers
        resource = settings.resource.flatMap { resources[$0] }
        rewritePrefix = settings.rewritePrefix
        userHeader = settings.userField
        claimHeaders = settings.claimFields.map { ClaimHeader(header: $0.name, claim: $0.claim) }
        forwardsAuthorization = settings.forwardsAuthorization
        requestHeaders = Gateway.FieldRules(settings.requestFields)
        responseHeaders = Gateway.FieldRules(settings.responseFields)
        allowsPathParameters = settings.allowsPathParameters
        allowsMethodOverride = settings.allowsMethodOverride
        timeout = settings.timeout?.wholeNanoseconds
        bodySize = settings.bodySize
        cors = settings.cors.map(CORSDefinition.init)
        closesOnTokenExpiry = settings.closesOnTokenExpiry
    }
}

extension Gateway.RouteAccess {
    fileprivate init(_ access: Configuration.RouteAccess) {
        self =
            switch access {
            case .public: .public
            case .optional: .optional
            case .authenticated: .authenticated
            case .deny: .deny
            case .scopes(let all, let any): .scopes(all: all, any: any)
            }
    }
}

extension Gateway.ClaimValue {
    fileprivate init(_ value: Configuration.ClaimValue) {
        self =
            switch value {
            case .text(let text): .string(text)
            case .integer(let number): .integer(number)
            case .truth(let truth): .bool(truth)
            }
    }
}

extension Gateway.FieldRules {
    fileprivate init(_ rules: Configuration.FieldRules) {
        self.init(
            set: rules.set.map { FieldRule(name: $0.name, value: $0.value) },
            add: rules.add.map { FieldRule(name: $0.name, value: $0.value) },
            remove: rules.remove
        )
    }
}

extension CORSDefinition {
    fileprivate init(_ settings: CORSSettings) {
        self.init(origins: settings.origins)
        methods = settings.methods
        requestFields = settings.requestFields
        exposedFields = settings.exposedFields
        allowsCredentials = settings.allowsCredentials
        maximumAge = Int(clamping: settings.maximumAge.wholeSeconds)
    }
}
