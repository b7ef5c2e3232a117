/// A route as the configuration describes it.
package struct RouteDefinition: Sendable {
    package var name: String
    /// Literal segments, `*`, and `/**` at the end.
    package var path: String
    package var access: RouteAccess
    /// Exact names or `*.suffix`, without port; none stands for any host.
    package var hosts: [String] = []
    /// None stands for any method.
    package var methods: [String] = []
    /// All of these must hold.
    package var claims: [ClaimRule] = []
    /// The issuers to choose from; none stands for any that is trusted.
    package var issuers: [String] = []
    /// The URI of the protected resource; nil stands for the issuer.
    package var resource: String?
    /// The place of the upstream in the configuration's list.
    package var upstream: Int?
    package var rewritePrefix: String?
    /// The field that carries the user's name, where it differs from that of `ForwardingDefinition`.
    package var userHeader: String?
    package var claimHeaders: [ClaimHeader] = []
    package var forwardsAuthorization = false
    package var requestHeaders = FieldRules()
    package var responseHeaders = FieldRules()
    package var allowsPathParameters = false
    package var allowsMethodOverride = false
    /// Nanoseconds to the upstream's response head; nil leaves it to the upstream's configuration.
    package var timeout: UInt64?
    /// Bytes; nil leaves it to the limits.
    package var bodySize: UInt64?
    package var cors: CORSDefinition?
    package var closesOnTokenExpiry = true

    package init(name: String, path: String, access: RouteAccess, upstream: Int? = nil) {
        self.name = name
        self.path = path
        self.access = access
        self.upstream = upstream
    }
}

/// A field of the upstream request and the claim that it carries.
package struct ClaimHeader: Sendable, Equatable {
    package let header: String
    package let claim: String

    package init(header: String, claim: String) {
        self.header = header
        self.claim = claim
    }
}

/// Changes to fields, in this order: `remove`, `set` (replaces), `add`.
package struct FieldRules: Sendable, Equatable {
    package var set: [FieldRule] = []
    package var add: [FieldRule] = []
    package var remove: [String] = []

    package init(set: [FieldRule] = [], add: [FieldRule] = [], remove: [String] = []) {
        self.set = set
        self.add = add
        self.remove = remove
    }
}

/// One field to set or to add.
package struct FieldRule: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// Why a definition cannot be compiled.
package enum RouteDefinitionError: Error, Equatable, Sendable {
    case pattern(RoutePatternError)
    case host(String)
    case method(String)
    case fieldName(String)
    case fieldValue(name: String)
    case scopeNotDeclared(String)
    case issuerNotTrusted(String)
    /// Neither a scope nor another access is written.
    case noAccess
}
