import Configuration
import Gateway
import JSON

/// `gatehouse routes`: who may do what where, in the order in which the most specific route wins.
package struct AccessMatrix: Sendable {
    /// One route.
    struct Row: Sendable, Equatable {
        /// The place in the file.
        let index: Int
        let name: String
        let hosts: [String]
        let path: String
        /// Empty for any; with HEAD where GET implies it.
        let methods: [String]
        let access: String
        let scopes: [String]
        let anyScopes: [String]
        /// Declared scopes that stand for one of those.
        let implyingScopes: [String]
        /// The issuers whose tokens open it.
        let issuers: [String]
        let claims: [String]
        let audience: String?
        let upstream: String?
        /// Who can get in, in words.
        let holders: String
    }

    let rows: [Row]
    private let issuer: String

    /// Compiles the routes of a configuration.
    ///
    /// - Throws: `ApplicationError` when it has faults.
    package init(_ file: ConfigurationFile) throws(ApplicationError) {
        let configuration = try file.load()
        // Faults between routes are told here as `check` would.
        _ = try ServerSnapshot(offline: configuration, path: file.path)
        issuer = configuration.issuer.text
        rows = configuration.routes.enumerated()
            .sorted { Self.precedes($0, $1) }
            .map { Row($0.element, index: $0.offset, configuration) }
    }

    private static func precedes(
        _ left: (offset: Int, element: RouteSettings),
        _ right: (offset: Int, element: RouteSettings)
    ) -> Bool {
        let (leftKey, rightKey) = (left.element.specificity, right.element.specificity)
        if leftKey == rightKey { return left.offset < right.offset }
        return leftKey.lexicographicallyPrecedes(rightKey)
    }
}

extension AccessMatrix {
    /// The matrix as text.
    package var lines: [String] {
        let hasHosts = rows.contains { !$0.hosts.isEmpty }
        var table = TextTable((hasHosts ? ["HOST"] : []) + ["PATH", "METHODS", "NEEDS", "WHO CAN", "UPSTREAM"])
        for row in rows {
            let host = row.hosts.isEmpty ? "any" : row.hosts.joined(separator: ", ")
            let methods = row.methods.isEmpty ? "any" : row.methods.joined(separator: " ")
            table.append((hasHosts ? [host] : []) + [row.path, methods, row.needs, row.holders, row.upstream ?? "-"])
        }
        return (table.lines + ["", "Everything else is answered with 404, another method on these paths with 405."])
            .map(\.printable)
    }

    /// The matrix as JSON.
    package var json: String {
        var writer = JSONWriter(.pretty)
        writer.beginObject()
        writer.member("issuer", issuer)
        writer.name("routes")
        writer.beginArray()
        for row in rows { writer.row(row) }
        writer.endArray()
        writer.endObject()
        return writer.text
    }
}

extension AccessMatrix.Row {
    fileprivate init(_ route: RouteSettings, index: Int, _ configuration: GatewayConfiguration) {
        var (all, any): ([String], [String]) = ([], [])
        if case .scopes(let needed, let alternatives) = route.access { (all, any) = (needed, alternatives) }
        self.index = index
        name = route.label
        hosts = route.hosts
        path = route.path.text
        methods = route.effectiveMethods(among: configuration.routes)
        access = route.access.word
        scopes = all
        anyScopes = any
        implyingScopes = configuration.scopes(implying: all + any)
        let takesToken = route.access.takesToken
        issuers = takesToken ? (route.issuers.isEmpty ? configuration.tokenIssuerNames : route.issuers) : []
        claims = route.claims.map(\.text)
        let resource = configuration.resources.first { $0.name == route.resource }?.resource
        audience = takesToken ? resource : nil
        upstream = route.upstream
        let restricted = Set(configuration.scopes.filter(\.isRestricted).map(\.name))
        var given = all.filter(restricted.contains)
        if !any.isEmpty, any.allSatisfy(restricted.contains) { given.append(any.joined(separator: " or ")) }
        let own = configuration.authorizationServer == nil ? nil : configuration.issuer.text
        let people = issuers.map { issuer in
            // Only a user can allow a restricted scope, and only one who was given it.
            issuer == own && !given.isEmpty
                ? "users of \(issuer) who were given \(given.joined(separator: " and "))"
                : "users and clients of \(issuer)"
        }
        holders = Self.holders(route.access, issuers, people, implyingScopes)
    }

    private static func holders(
        _ access: Configuration.RouteAccess,
        _ issuers: [String],
        _ people: [String],
        _ implying: [String]
    ) -> String {
        switch access {
        case .public: return "anybody"
        case .deny: return "nobody"
        case .optional:
            return issuers.isEmpty ? "anybody" : "anybody; users of \(issuers.joined(separator: " or ")) are named"
        case .authenticated, .scopes:
            guard !issuers.isEmpty else { return "nobody: no issuer makes tokens" }
            return people.joined(separator: " or ")
                + (implying.isEmpty ? "" : ", also by \(implying.joined(separator: " or "))")
        }
    }

    /// What a token must have, in words.
    fileprivate var needs: String {
        var parts: [String] = []
        if !scopes.isEmpty { parts.append(scopes.joined(separator: " + ")) }
        if !anyScopes.isEmpty { parts.append((scopes.isEmpty ? "" : "and ") + anyScopes.joined(separator: " | ")) }
        if parts.isEmpty { parts.append(access) }
        parts += claims.map { "with \($0)" }
        if let audience { parts.append("for \(audience)") }
        return parts.joined(separator: ", ")
    }
}

extension RouteSettings {
    /// Sorts the most specific first: exact host, wildcard host, any host; then segment by segment.
    fileprivate var specificity: [String] {
        // The longest suffix wins, and no suffix is longer than 255 bytes.
        let host = hosts.map { host in
            host.hasPrefix("*") ? "1\(String(1000 - host.utf8.count)) \(host)" : "0\(host)"
        }
        let segments = path.segments.map { segment in
            switch segment {
            case .literal(let text): "0\(text)"
            case .any: "1"
            }
        }
        let rest = path.coversRest ? ["2"] : [""]
        return [host.min() ?? "2"] + segments + rest + [methods == nil ? "1" : "0"]
    }

    /// GET implies HEAD unless another route of the same path names it.
    fileprivate func effectiveMethods(among routes: [RouteSettings]) -> [String] {
        guard let methods else { return [] }
        let isNamed = routes.contains { route in
            route.path == path && route.hosts == hosts && route.methods?.contains("HEAD") == true
        }
        guard methods.contains("GET"), !isNamed else { return methods }
        return methods.flatMap { $0 == "GET" ? ["GET", "HEAD"] : [$0] }
    }
}

extension Configuration.RouteAccess {
    fileprivate var word: String {
        switch self {
        case .public: "public"
        case .optional: "optional"
        case .authenticated: "authenticated"
        case .deny: "deny"
        case .scopes: "scopes"
        }
    }
}

extension Configuration.ClaimRule {
    fileprivate var text: String {
        let words = values.map { value in
            switch value {
            case .text(let text): text
            case .integer(let number): String(number)
            case .truth(let truth): String(truth)
            }
        }
        return "\(name) = \(words.joined(separator: " | "))"
    }
}

extension GatewayConfiguration {
    /// The declared scopes that imply one of these, directly or not, in the order of their declaration.
    fileprivate func scopes(implying names: [String]) -> [String] {
        var reached = Set(names)
        var isGrowing = true
        while isGrowing {
            isGrowing = false
            for scope in scopes where !reached.isDisjoint(with: scope.implies) {
                if reached.insert(scope.name).inserted { isGrowing = true }
            }
        }
        return scopes.map(\.name).filter { reached.contains($0) && !names.contains($0) }
    }
}

extension JSONWriter {
    fileprivate mutating func row(_ row: AccessMatrix.Row) {
        beginObject()
        member("index", row.index)
        member("name", row.name)
        if !row.hosts.isEmpty { member("hosts", row.hosts) }
        member("path", row.path)
        if !row.methods.isEmpty { member("methods", row.methods) }
        member("access", row.access)
        if !row.scopes.isEmpty { member("scopes", row.scopes) }
        if !row.anyScopes.isEmpty { member("any_scopes", row.anyScopes) }
        if !row.implyingScopes.isEmpty { member("implied_by", row.implyingScopes) }
        if !row.issuers.isEmpty { member("issuers", row.issuers) }
        if !row.claims.isEmpty { member("claims", row.claims) }
        if let audience = row.audience { member("audience", audience) }
        if let upstream = row.upstream { member("upstream", upstream) }
        member("who", row.holders)
        endObject()
    }
}
