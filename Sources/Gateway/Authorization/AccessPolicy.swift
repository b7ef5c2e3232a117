/// Who may use a route.
package enum RouteAccess: Sendable, Equatable {
    /// Anybody; the token is not looked at.
    case `public`
    /// Anybody, but a token that is sent must be good.
    case optional
    /// Anybody with a valid token.
    case authenticated
    /// Nobody.
    case deny
    /// A valid token with all of the first, and one of the second unless there is none.
    case scopes(all: [String], any: [String])
}

/// What a route demands of a principal, as bit sets of the vocabulary.
package struct AccessPolicy: Sendable {
    package let access: RouteAccess
    let allScopes: BitSet
    let anyScopes: BitSet
    /// The rules that must all hold, as places in the vocabulary.
    let claims: [Int]
    /// The issuers to choose from; nil takes any that the verifier knows.
    let issuers: BitSet?
    /// The audience that the gateway's own tokens must have.
    let ownAudience: Int
    /// The audience that other issuers' tokens must have beside what their issuer demands.
    let foreignAudience: Int?

    /// Whether a request without credentials is refused.
    package var needsToken: Bool {
        switch access {
        case .authenticated, .scopes: true
        case .public, .optional, .deny: false
        }
    }

    init(_ definition: RouteDefinition, _ vocabulary: AccessVocabulary) throws(RouteDefinitionError) {
        access = definition.access
        var all: [String] = []
        var any: [String] = []
        if case .scopes(let allNames, let anyNames) = definition.access {
            guard !(allNames.isEmpty && anyNames.isEmpty) else { throw .noAccess }
            all = allNames
            any = anyNames
        }
        allScopes = try AccessPolicy.scopes(all, vocabulary)
        anyScopes = try AccessPolicy.scopes(any, vocabulary)
        claims = definition.claims.map { rule in
            guard let index = vocabulary.rule(rule) else { preconditionFailure("a rule is not in its vocabulary") }
            return index
        }
        issuers = try AccessPolicy.issuers(definition.issuers, vocabulary)
        foreignAudience = definition.resource.map { resource in
            guard let index = vocabulary.resource(resource) else {
                preconditionFailure("a resource is not in its vocabulary")
            }
            return index
        }
        ownAudience = foreignAudience ?? 0
    }

    /// Decides about a principal.
    ///
    /// Costs a few comparisons and allocates nothing.
    package func decide(_ principal: Principal) -> AccessDecision {
        var silent = SilentObserver()
        return decide(principal, &silent)
    }

    /// Decides, and tells the observer of each check in its order.
    func decide(_ principal: Principal, _ observer: inout some AccessObserver) -> AccessDecision {
        if access == .deny { return .refused(.denied) }
        if let issuers, !observer.check(.issuer(issuers), issuers.contains(principal.token.issuerIndex)) {
            return .refused(.issuerNotAllowed)
        }
        if let audience = principal.token.isOwn ? ownAudience : foreignAudience,
            !observer.check(.audience(audience), isFor(audience, principal))
        {
            return .refused(.wrongAudience)
        }
        if !allScopes.isEmpty, !observer.check(.allScopes(allScopes), principal.scopes.isSuperset(of: allScopes)) {
            return .refused(.insufficientScope)
        }
        if !anyScopes.isEmpty, !observer.check(.anyScope(anyScopes), principal.scopes.intersects(anyScopes)) {
            return .refused(.insufficientScope)
        }
        for claim in claims where !observer.check(.claim(claim), principal.satisfiedClaims.contains(claim)) {
            return .refused(.claimNotAllowed(claim))
        }
        return .allowed
    }

    /// Our own tokens may be for all that we protect: the issuer stands for every resource.
    private func isFor(_ audience: Int, _ principal: Principal) -> Bool {
        if principal.resources.contains(audience) { return true }
        return principal.token.isOwn && principal.resources.contains(AccessVocabulary.issuerResource)
    }

    private static func scopes(
        _ names: [String],
        _ vocabulary: AccessVocabulary
    ) throws(RouteDefinitionError) -> BitSet {
        var set = BitSet()
        for name in names {
            guard let scope = vocabulary.scope(name) else { throw .scopeNotDeclared(name) }
            set.insert(scope)
        }
        return set
    }

    private static func issuers(
        _ issuers: [String],
        _ vocabulary: AccessVocabulary
    ) throws(RouteDefinitionError) -> BitSet? {
        guard !issuers.isEmpty else { return nil }
        var set = BitSet()
        for issuer in issuers {
            guard let index = vocabulary.issuer(issuer) else { throw .issuerNotTrusted(issuer) }
            set.insert(index)
        }
        return set
    }
}
