extension GatewayConfiguration {
    /// Warns of what is allowed but probably not meant.
    func warn(in context: ReadingContext) {
        warnOfUnusedScopes(context)
        warnOfUnreachableRoutes(context)
        warnOfClientScopes(context)
        let used = Set(routes.compactMap(\.upstream))
        for upstream in upstreams where !used.contains(upstream.name) {
            context.warn("no route uses this upstream", at: ["upstreams", upstream.name])
        }
        if listeners.allSatisfy(\.redirectsToHTTPS) {
            context.warn("every listener only redirects: nothing is served", at: ["listeners"])
        }
        if issuer.scheme == "http" {
            context.warn("an issuer without TLS: good for trying out on this machine only", at: ["issuer"])
        }
    }

    /// A scope is of use if a route names it, or if it implies one that is.
    private func warnOfUnusedScopes(_ context: ReadingContext) {
        var needed: Set<String> = []
        for route in routes {
            if case .scopes(let all, let any) = route.access { needed.formUnion(all + any) }
        }
        var impliedBy: [String: [String]] = [:]
        for scope in scopes {
            for implied in scope.implies { impliedBy[implied, default: []].append(scope.name) }
        }
        var waiting = Array(needed)
        while let scope = waiting.popLast() {
            for wider in impliedBy[scope] ?? [] where needed.insert(wider).inserted { waiting.append(wider) }
        }
        for scope in scopes where !needed.contains(scope.name) {
            context.warn("no route needs this scope", at: ["scopes", scope.name])
        }
    }

    /// A client that acts for itself has no user who could allow a restricted scope or sign in.
    private func warnOfClientScopes(_ context: ReadingContext) {
        let usersOnly = Set(scopes.filter(\.isRestricted).map(\.name) + DeclaredNames.builtInScopes)
        for (index, client) in (authorizationServer?.clients ?? []).enumerated()
        where !client.grantTypes.isEmpty && !client.grantTypes.contains(.authorizationCode) {
            for scope in client.scopes where usersOnly.contains(scope) {
                let problem = "the scope \(scope.quoted) needs a user, and this client never acts for one"
                context.warn(problem, at: ["authorization_server", "clients", String(index), "scope"])
            }
        }
    }

    private func warnOfUnreachableRoutes(_ context: ReadingContext) {
        let issuers = (authorizationServer == nil ? [] : [issuer.text]) + trustedIssuers.map(\.issuer)
        let own = authorizationServer == nil ? nil : issuer.text
        let ownPaths = [authorizationServer?.basePath, "/.well-known"].compactMap(\.self)
        for route in routes {
            let takers = route.issuers.isEmpty ? issuers : route.issuers
            if route.access.takesToken, route.access != .optional {
                if takers.isEmpty {
                    context.warn("no client can reach this route: no issuer makes tokens", at: route.place)
                } else if takers.allSatisfy({ $0 == own }), let claim = route.claims.first(where: \.isForeign) {
                    let problem = "no client can reach this route: our own tokens have no claim \(claim.name.quoted)"
                    context.warn(problem, at: route.place + ["claims", claim.name])
                }
            }
            for path in ownPaths
            where route.path.literalPrefix == path || route.path.literalPrefix.hasPrefix(path + "/") {
                context.warn("the gateway's own pages answer first on the issuer's host", at: route.place + ["path"])
            }
        }
    }
}

extension ClaimRule {
    /// Whether tokens of our own never have this claim (RFC 9068 §2.2 and the session's claims).
    fileprivate var isForeign: Bool {
        ![
            "iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "auth_time", "preferred_username", "gid",
        ].contains(name)
    }
}
