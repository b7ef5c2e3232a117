/// What the gateway needs of a configuration: plain checked values.
package struct GatewayDefinition: Sendable {
    /// The issuer's URL, which is also the resource of routes that name none.
    package var issuer: String
    package var routes: [RouteDefinition]
    package var scopes: [ScopeDefinition]
    /// The URLs of all issuers in the order that the token verifier has them, our own included.
    package var issuers: [String]
    package var forwarding = ForwardingDefinition()
    /// The name on pages.
    package var productName = "Gatehouse"

    package init(issuer: String, routes: [RouteDefinition], scopes: [ScopeDefinition], issuers: [String]) {
        self.issuer = issuer
        self.routes = routes
        self.scopes = scopes
        self.issuers = issuers
    }
}

/// What goes upstream with every request.
package struct ForwardingDefinition: Sendable, Equatable {
    package var userHeader = "X-User-Name"
    package var clientHeader = "X-Client-Id"
    package var scopeHeader: String?
    package var assertionHeader: String?
    package var underscoreHeaders = UnderscorePolicy.drop

    package init() {}
}

/// What happens to client fields with `_` in their names, which some servers take for `-`.
package enum UnderscorePolicy: Sendable, Equatable {
    /// The request is answered with 400.
    case reject
    /// The field is left out.
    case drop
    /// The field passes, unless it could be taken for a managed one.
    case allow
}
