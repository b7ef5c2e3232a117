/// What may be done at a path, by whom, and where it is forwarded.
package struct RouteSettings: Sendable, Equatable {
    /// The place in the file, for messages: a JSON Pointer and a line.
    package let pointer: String
    package let line: Int
    let place: [String]

    package let path: RoutePath
    package let name: String?
    /// Exact, or `*.` and a domain, in lower case; empty for any.
    package let hosts: [String]
    /// Nil for any.
    package let methods: [String]?
    package let access: RouteAccess
    package let claims: [ClaimRule]
    /// Issuers whose tokens are taken; empty for all.
    package let issuers: [String]
    /// The name of the resource that a token must be for; nil for the issuer.
    package let resource: String?
    /// Nil only where access is denied.
    package let upstream: String?
    package let rewritePrefix: String?
    /// Nil for that of `forwarding`.
    package let userField: String?
    package let claimFields: [ClaimField]
    package let forwardsAuthorization: Bool
    package let requestFields: FieldRules
    package let responseFields: FieldRules
    package let allowsPathParameters: Bool
    package let allowsMethodOverride: Bool
    /// To the response's head; nil for the upstream's.
    package let timeout: Duration?
    /// Nil for that of `limits`.
    package let bodySize: UInt64?
    package let cors: CORSSettings?
    package let closesOnTokenExpiry: Bool

    /// What logs and metrics call it: its name, or else its methods, hosts and path, which no two routes share.
    package var label: String {
        if let name { return name }
        let place = hosts.joined(separator: ",") + path.text
        return methods.map { "\($0.joined(separator: ",")) \(place)" } ?? place
    }
}

/// Who may use a route.
package enum RouteAccess: Sendable, Equatable {
    /// Anybody; tokens are not looked at.
    case `public`
    /// Anybody without a token, or with a good one.
    case optional
    /// Whoever has a valid token.
    case authenticated
    /// Nobody.
    case deny
    /// Whoever has a token with all of the first and, if there are any, one of the second.
    case scopes(all: [String], any: [String])

    /// Whether a request can be let through because of its token.
    package var takesToken: Bool { self != .public && self != .deny }
}

/// A claim that a token must have, with one of these values.
package struct ClaimRule: Sendable, Equatable {
    package let name: String
    package let values: [ClaimValue]
}

/// The value of a claim.
package enum ClaimValue: Sendable, Hashable {
    case text(String)
    case integer(Int64)
    case truth(Bool)
}

/// A request field that carries a claim.
package struct ClaimField: Sendable, Equatable {
    package let name: String
    package let claim: String
}

/// Whether a route's decision holds.
enum Enforcement: String, CaseIterable {
    case enforce
    case report
}

extension RouteSettings: ConfigurationSection {
    static let title = "routes[]"
    static let summary = """
        What may be done at a path, by whom, and where it goes. The most specific route wins whatever the order: exact host,
        wildcard host, any host; then segment by segment a literal before `*` before `/**`; then the one that names the
        method (`GET` implies `HEAD`). Two that cannot be told apart are an error. One of `scopes`, `any_scopes` and
        `access` must be written.
        """

    // Longer than a screen: a flat list of members, which splitting would only hide.
    init?(_ reader: SectionReader) {
        let match = Match(reader)
        let access = Self.readAccess(reader)
        let token = TokenRules(reader)
        upstream = reader.optional(
            "upstream",
            .reference(to: "an upstream") { $0.upstreams },
            "The upstream to forward to. Needed unless `access` is `deny`."
        )
        let forward = ForwardRules(reader)
        requestFields = reader.value("request_headers", FieldRules.requestKind, default: [:], "Changes to the request.")
        responseFields = reader.value(
            "response_headers",
            FieldRules.responseKind,
            default: [:],
            "Changes to the response."
        )
        allowsPathParameters = reader.value(
            "path_parameters",
            .bool,
            default: false,
            "Let `;` and `%3B` in paths through; otherwise they are 400."
        )
        allowsMethodOverride = reader.value(
            "method_override",
            .bool,
            default: false,
            "Forward `X-HTTP-Method-Override` and its kin instead of dropping them."
        )
        timeout = reader.optional("timeout", .duration(), "The time to the response's head. Absent: the upstream's.")
        bodySize = reader.optional("body_size", .size(), "The largest request body. Absent: that of `limits`.")
        reader.later("rate_limit", Kind<Rate>.rate.orOff, default: "off", "How often a caller may come.")
        cors = reader.optional("cors", .section, "Which scripts of other origins may call it.")
        closesOnTokenExpiry = reader.value(
            "close_on_token_expiry",
            .bool,
            default: true,
            "End a stream when its token expires or is revoked."
        )
        _ = reader.value(
            "enforcement",
            Kind<Enforcement>.word(later: [.report]),
            default: "enforce",
            "`enforce`, or `report`: decide, log and count, but let through."
        )
        reader.later("legacy_credentials", .anyObject, "What the API's old callers send, and whom it stands for.")
        guard let match, let access else { return nil }
        self.access = access
        path = match.path
        name = match.name
        hosts = match.hosts
        methods = match.methods
        claims = token.claims
        issuers = token.issuers
        resource = token.resource
        rewritePrefix = forward.rewritePrefix
        userField = forward.userField
        claimFields = forward.claimFields
        forwardsAuthorization = forward.forwardsAuthorization
        pointer = reader.cursor.pointer.text
        place = reader.cursor.pointer.components
        line = reader.cursor.node.position.line
        check(reader)
    }
}
