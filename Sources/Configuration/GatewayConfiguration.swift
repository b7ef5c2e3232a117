import JSON

/// A checked configuration: what `gateway.json` says, with every default filled in.
///
/// What a member means is said where it is read, in the initializer of its section; the schema and the reference are
/// made from the same place.
package struct GatewayConfiguration: Sendable, Equatable {
    package let issuer: WebURL
    package let listeners: [ListenerSettings]
    /// Nil for no admin listener.
    package let admin: AdminSettings?
    /// Nil for one event loop per processor.
    package let workers: Int?
    package let shutdownTimeout: Duration
    package let shutdownDelay: Duration
    package let storage: StorageLocation
    /// In the order of the file; without the built-in ones.
    package let scopes: [ScopeSettings]
    package let upstreams: [UpstreamSettings]
    package let routes: [RouteSettings]
    package let resources: [ResourceSettings]
    /// Nil where the gateway only enforces.
    package let authorizationServer: AuthorizationServerSettings?
    package let trustedIssuers: [TrustedIssuerSettings]
    package let forwarding: ForwardingSettings
    package let limits: LimitSettings
    package let logging: LoggingSettings

    /// OpenID Connect's own scopes, which exist without being declared.
    package static var builtInScopes: [String] { DeclaredNames.builtInScopes }

    /// Reads and checks a whole file.
    ///
    /// - Parameters:
    ///   - bytes: the file's content.
    ///   - folder: the absolute path of its folder, from which relative paths start.
    package static func read(_ bytes: [UInt8], folder: String) -> ConfigurationReport {
        let root: JSONNode
        do throws(JSONError) {
            root = try JSONParser.parse(bytes, comments: true)
        } catch {
            return ConfigurationReport(syntaxError: error)
        }
        let context = ReadingContext(root: root, folder: folder)
        let cursor = Cursor(node: root, pointer: .root, context: context)
        let configuration = Kind<GatewayConfiguration>.section.read(cursor)
        if let configuration, context.faults.isEmpty { configuration.warn(in: context) }
        return ConfigurationReport(configuration: configuration, context: context)
    }
}

/// What reading a file brought.
package struct ConfigurationReport: Sendable {
    /// The configuration; nil if, and only if, there are faults.
    package let configuration: GatewayConfiguration?
    /// All that is wrong, in the order of the file.
    package let faults: [ConfigurationFault]
    /// What is allowed but probably not meant, in the order of the file.
    package let warnings: [ConfigurationFault]
    /// The file; nil where it is not JSON.
    private let root: JSONNode?

    /// Something that was found out after reading, such as by opening a file that is named, at its place.
    package func finding(_ problem: String, at place: [String]) -> ConfigurationFault {
        let pointer = JSONPointer(components: place)
        let position = root.map { pointer.deepestNode(in: $0).position }
        return ConfigurationFault(
            pointer: pointer.text,
            line: position?.line ?? 1,
            column: position?.column ?? 1,
            problem: problem.printable,
            found: nil,
            allowed: nil,
            nearest: nil
        )
    }

    fileprivate init(configuration: GatewayConfiguration?, context: ReadingContext) {
        self.configuration = context.faults.isEmpty ? configuration : nil
        faults = context.faults.inFileOrder
        warnings = context.warnings.inFileOrder
        root = context.root
    }

    fileprivate init(syntaxError error: JSONError) {
        configuration = nil
        warnings = []
        root = nil
        faults = [
            ConfigurationFault(
                pointer: "",
                line: error.position.line,
                column: error.position.column,
                problem: error.description.printable,
                found: nil,
                allowed: nil,
                nearest: nil
            )
        ]
    }
}

extension [ConfigurationFault] {
    /// Sorted by place.
    package var inFileOrder: [ConfigurationFault] {
        let sorted = enumerated().sorted { left, right in
            (left.element.line, left.element.column, left.offset) < (
                right.element.line, right.element.column, right.offset
            )
        }
        return sorted.map(\.element)
    }
}

extension GatewayConfiguration: ConfigurationSection {
    static let title = "gateway.json"
    static let summary = "The whole file."

    // Longer than a screen: a flat list of members, which splitting would only hide.
    init?(_ reader: SectionReader) {
        _ = reader.optional("$schema", .text, "The schema, for editors; it does nothing else.")
        let issuer = reader.required(
            "issuer",
            .issuerURL,
            """
            The gateway's own URL, byte for byte as clients know it; it is never taken from a request. `http` only for this \
            machine.
            """
        )
        let listeners: [ListenerSettings]? = reader.required(
            "listeners",
            .list(of: .section, minimum: 1, unique: \.identity),
            "Where requests are accepted."
        )
        admin = reader.optional("admin", .section, "Health, metrics and status. Absent: none.")
        workers = reader.optional("workers", .integer(1...1024), "Event loops. Absent: one per processor.")
        shutdownTimeout = reader.value(
            "shutdown_timeout",
            .duration(allowsZero: true),
            default: "30s",
            "How long a shutdown waits for what is in flight."
        )
        shutdownDelay = reader.value(
            "shutdown_delay",
            .duration(allowsZero: true),
            default: "0s",
            "How long it goes on accepting after `/readyz` has turned 503."
        )
        let storage = reader.optional("storage", .storage, Self.storageText)
        scopes = reader.value(
            "scopes",
            .map(of: ScopeSettings.kind, key: ScopeSettings.checkName),
            default: [:],
            "Scopes."
        )
        let name = { (name: String, _: Cursor) throws(ValueFault) in
            guard !name.isEmpty else { throw ValueFault("an empty name") }
        }
        upstreams = reader.value(
            "upstreams",
            .map(of: .section, key: name),
            default: [:],
            "The APIs behind the gateway."
        )
        let routes: [RouteSettings]? = reader.required(
            "routes",
            .list(of: .section, minimum: 1),
            "What may be done where, by whom."
        )
        resources = reader.value("resources", .map(of: .section, key: name), default: [:], "Protected resources.")
        authorizationServer = reader.optional("authorization_server", .section, "The gateway as an issuer.")
        trustedIssuers = reader.value(
            "trusted_issuers",
            .list(of: .section, unique: \.issuer),
            default: [],
            "Other issuers whose tokens are taken."
        )
        forwarding = reader.value("forwarding", .section, default: [:], "How upstreams are told who is calling.")
        limits = reader.value("limits", .section, default: [:], "What a client may ask for at most.")
        logging = reader.value("logging", .section, default: [:], "What is written.")
        if reader.has("authorization_server"), !reader.has("storage") {
            reader.fault(
                "the member \"storage\" is missing: the authorization server keeps its keys there",
                allowed: Self.storageWords
            )
        }
        guard let issuer, let listeners, let routes else { return nil }
        self.issuer = issuer
        self.listeners = listeners
        self.storage = storage ?? .memory
        self.routes = routes
        check(reader)
    }

    private static let storageWords = "\"memory:\" or \"sqlite:PATH\""
    private static let storageText = """
        Where keys, users, clients, grants and revocations are kept: `sqlite:PATH`, or `memory:` (lost with the process, so with a warning). Must be \
        written with `authorization_server`; otherwise absent is `memory:`. `postgres://` is not supported yet.
        """

    /// The rules between sections.
    private func check(_ reader: SectionReader) {
        let context = reader.context
        if authorizationServer != nil {
            for (index, trusted) in trustedIssuers.enumerated() where trusted.issuer == issuer.text {
                context.fault("the gateway's own issuer", at: ["trusted_issuers", String(index), "issuer"])
            }
        }
        checkRestrictedScopes(context)
        var names: Set<String> = []
        for route in routes {
            if let name = route.name, !names.insert(name).inserted {
                context.fault("a route name that is taken", at: route.place + ["name"])
            }
            checkManagedFields(of: route, context)
        }
    }

    /// A scope that anybody may allow must not bring one that only some may.
    private func checkRestrictedScopes(_ context: ReadingContext) {
        let restricted = Set(scopes.filter(\.isRestricted).map(\.name))
        for scope in scopes where !scope.isRestricted {
            for (index, implied) in scope.implies.enumerated() where restricted.contains(implied) {
                let problem = "\(implied.quoted) is restricted, and \(scope.name.quoted), which implies it, is not"
                context.fault(problem, at: ["scopes", scope.name, "implies", String(index)])
            }
        }
    }

    /// No rule of a route may overwrite the fields that say who is calling.
    private func checkManagedFields(of route: RouteSettings, _ context: ReadingContext) {
        let identity = [route.userField ?? forwarding.userField, forwarding.clientField, forwarding.scopeField]
        let reserved = Set(identity.compactMap(\.self).map(FieldText.folded))
        let rules = route.requestFields
        let set = rules.set.map { (["request_headers", "set", $0.name], $0.name) }
        let added = rules.add.map { (["request_headers", "add", $0.name], $0.name) }
        let claims = route.claimFields.map { (["claim_headers", $0.name], $0.name) }
        for (place, name) in set + added + claims where reserved.contains(FieldText.folded(name)) {
            context.fault("a field that says who is calling", at: route.place + place)
        }
    }
}

extension ListenerSettings {
    /// What two listeners must not share; nil where each gets a free port of its own.
    fileprivate var identity: String? {
        if case .tcp(_, port: 0) = address { return nil }
        return address.description
    }
}
