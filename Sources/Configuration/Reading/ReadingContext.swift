import JSON

/// Collects what is wrong while a configuration is read, and knows which names it declares.
final class ReadingContext {
    /// The folder that relative paths start from.
    let folder: String
    let root: JSONNode
    let declared: DeclaredNames
    /// Whether the members are only to be described, not read from a file.
    let isDescribing: Bool

    /// The declared names of each sort as a set, once one was asked for.
    var declaredSets: [String: Set<String>] = [:]

    private(set) var faults: [ConfigurationFault] = []
    private(set) var warnings: [ConfigurationFault] = []

    init(root: JSONNode, folder: String, isDescribing: Bool = false) {
        self.root = root
        self.folder = folder
        self.isDescribing = isDescribing
        declared = DeclaredNames(root: root)
    }

    /// A context for reading defaults, whose faults nobody sees.
    func quiet() -> ReadingContext {
        ReadingContext(root: JSONNode(value: .null, position: root.position), folder: folder)
    }

    func fault(_ fault: ConfigurationFault) {
        if faults.count < Self.maximumFaults { faults.append(fault) }
    }

    func warn(_ warning: ConfigurationFault) {
        if warnings.count < Self.maximumFaults { warnings.append(warning) }
    }

    /// Reports a fault at the place that the names lead to.
    func fault(_ problem: String, at names: [String]) {
        let pointer = JSONPointer(components: names)
        fault(Cursor(node: pointer.deepestNode(in: root), pointer: pointer, context: self).finding(problem))
    }

    /// Warns at the place that the names lead to.
    func warn(_ problem: String, at names: [String]) {
        let pointer = JSONPointer(components: names)
        warn(Cursor(node: pointer.deepestNode(in: root), pointer: pointer, context: self).finding(problem))
    }

    /// A path of the file with the folder before it, if it is relative.
    func resolve(path: String) -> String {
        if path.hasPrefix("/") || folder.isEmpty { return path }
        return folder.hasSuffix("/") ? folder + path : folder + "/" + path
    }

    /// A file with more faults than this is no configuration.
    private static let maximumFaults = 1000
}

/// The names that other parts of the file may refer to, taken before anything is read, so that order is free.
struct DeclaredNames {
    let scopes: [String]
    let upstreams: [String]
    let resources: [String]
    /// Our own issuer, if there is an authorization server, and the trusted ones.
    let issuers: [String]
    /// Issuers whose tokens may stand for a user.
    let hasAuthorizationServer: Bool

    init(root: JSONNode) {
        scopes = (root["scopes"]?.members ?? []).map(\.name) + Self.builtInScopes
        upstreams = (root["upstreams"]?.members ?? []).map(\.name)
        resources = (root["resources"]?.members ?? []).map(\.name)
        hasAuthorizationServer = root["authorization_server"] != nil
        let own = hasAuthorizationServer ? [root["issuer"]?.string].compactMap(\.self) : []
        issuers = own + (root["trusted_issuers"]?.array ?? []).compactMap { $0["issuer"]?.string }
    }

    /// OpenID Connect Core §5.4 and §11.
    static let builtInScopes = ["openid", "profile", "email", "offline_access"]

    /// What a scope's name must be, for messages.
    static let scopeWords = "a scope that \"scopes\" declares"
}

/// One value of the file, and where it stands.
struct Cursor {
    let node: JSONNode
    let pointer: JSONPointer
    let context: ReadingContext

    func finding(
        _ problem: String,
        found: String? = nil,
        allowed: String? = nil,
        nearest: String? = nil,
        position: JSONPosition? = nil
    ) -> ConfigurationFault {
        ConfigurationFault(
            pointer: pointer.text,
            line: (position ?? node.position).line,
            column: (position ?? node.position).column,
            problem: problem,
            found: found,
            allowed: allowed,
            nearest: nearest
        )
    }

    func fault(_ problem: String, found: String? = nil, allowed: String? = nil, nearest: String? = nil) {
        context.fault(finding(problem, found: found, allowed: allowed, nearest: nearest))
    }

    func warn(_ problem: String) { context.warn(finding(problem)) }

    /// What stands here, short enough for a message.
    var found: String {
        switch node.value {
        case .null: "null"
        case .bool(let truth): truth ? "true" : "false"
        case .number(let number): "the number \(String(number.text.prefix(40)))"
        case .string(let text): text.quoted
        case .array(let elements): elements.isEmpty ? "an empty list" : "a list"
        case .object(let members): members.isEmpty ? "an empty object" : "an object"
        }
    }

    func element(_ index: Int, _ node: JSONNode) -> Cursor {
        Cursor(node: node, pointer: pointer / index, context: context)
    }

    func member(_ name: String, _ node: JSONNode) -> Cursor {
        Cursor(node: node, pointer: pointer / name, context: context)
    }
}

extension String {
    /// The beginning of this text in quotes, with nothing in it that could disturb a terminal.
    var quoted: String { "\"" + (unicodeScalars.count > 60 ? String(prefix(60)) + "…" : self).printable + "\"" }

    /// This text with control characters, bidirectional ones too, written as escapes.
    package var printable: String {
        guard unicodeScalars.contains(where: \.disturbs) else { return self }
        var text = ""
        for scalar in unicodeScalars {
            if scalar.disturbs {
                text += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    fileprivate var disturbs: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
