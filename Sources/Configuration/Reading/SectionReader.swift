import JSON

// How it works: the initializer of each section names its members once, with kind, default and text. Run over a JSON
// object it reads them; run in describing mode it yields the list of them, from which the schema and the reference are
// made. So the three cannot differ.

/// Reads or describes the members of one section.
final class SectionReader {
    let cursor: Cursor
    private var names: Set<String> = []
    private(set) var members: [MemberDescription] = []

    init(_ cursor: Cursor) {
        self.cursor = cursor
    }

    var context: ReadingContext { cursor.context }

    /// The name of this section where it is a member of a map, such as the scope's.
    var key: String { cursor.pointer.components.last ?? "" }

    /// Reads a member that must be written; nil if it is missing or faulty, which is then reported.
    func required<Value>(_ name: String, _ kind: Kind<Value>, _ text: String) -> Value? {
        declare(name, kind, .required, text)
        if let member = node(name) { return kind.read(member) }
        guard !context.isDescribing else { return nil }
        let allowed = kind.shape().words
        cursor.fault("the member \"\(name)\" is missing", allowed: allowed, nearest: nil)
        return nil
    }

    /// Reads a member that may be absent; nil also if it is faulty, which is then reported.
    func optional<Value>(_ name: String, _ kind: Kind<Value>, _ text: String) -> Value? {
        declare(name, kind, .optional, text)
        return node(name).flatMap(kind.read)
    }

    /// Reads a member with a default, which also stands in for a faulty value.
    func value<Value>(_ name: String, _ kind: Kind<Value>, default: DefaultValue, _ text: String) -> Value {
        declare(name, kind, .defaults(`default`), text)
        if let member = node(name), let value = kind.read(member) { return value }
        let node = `default`.node(at: cursor.node.position)
        let quiet = Cursor(node: node, pointer: cursor.pointer / name, context: context.quiet())
        guard let value = kind.read(quiet) else {
            preconditionFailure("the default of \(cursor.pointer.text)/\(name) is no value of its kind")
        }
        return value
    }

    /// Checks a member whose feature is not there yet: only the value that it has anyway is accepted.
    func later<Value>(_ name: String, _ kind: Kind<Value>, default: DefaultValue? = nil, _ text: String) {
        declare(name, kind, `default`.map { .defaults($0) } ?? .optional, text, isLater: true)
        guard let member = node(name), kind.read(member) != nil else { return }
        if let `default`, member.node.isSameValue(as: `default`.node(at: member.node.position)) { return }
        member.fault("\"\(name)\" is not supported yet", found: kind.isSecret ? nil : member.found)
    }

    /// Reads an object that has no struct yet, since all of its members are there for later.
    func optionalSection(_ name: String, title: String, _ summary: String, _ build: @escaping (SectionReader) -> Void) {
        let kind = Kind<Void>.object(title: title, summary: summary) { reader in
            build(reader)
            return ()
        }
        _ = optional(name, kind, summary)
    }

    /// Whether the member is written.
    func has(_ name: String) -> Bool { node(name) != nil }

    /// Reports a fault at a member, or at the section if the member is not written.
    func fault(_ problem: String, at name: String? = nil, allowed: String? = nil) {
        (name.flatMap(node) ?? cursor).fault(problem, allowed: allowed)
    }

    func warn(_ problem: String, at name: String? = nil) {
        (name.flatMap(node) ?? cursor).warn(problem)
    }

    /// Reports the members that nothing asked for; called when the section has been read.
    func finish() {
        for member in cursor.node.members ?? [] where !names.contains(member.name) {
            let place = cursor.member(member.name, member.value)
            context.fault(
                place.finding(
                    "unknown member \(member.name.quoted)",
                    allowed: names.isEmpty ? "no member" : names.sorted().joined(separator: ", "),
                    nearest: NearestName.nearest(to: member.name, among: names.sorted()),
                    position: member.namePosition
                )
            )
        }
    }

    private func node(_ name: String) -> Cursor? {
        cursor.node[name].map { cursor.member(name, $0) }
    }

    private func declare<Value>(
        _ name: String,
        _ kind: Kind<Value>,
        _ presence: MemberDescription.Presence,
        _ text: String,
        isLater: Bool = false
    ) {
        precondition(names.insert(name).inserted, "the member \(name) is described twice")
        guard context.isDescribing else { return }
        members.append(
            MemberDescription(name: name, shape: kind.shape(), presence: presence, text: text, isLater: isLater)
        )
    }
}

/// A struct that one JSON object of the file becomes.
protocol ConfigurationSection {
    /// The section's place in the file, such as `listeners[].tls`.
    static var title: String { get }
    /// What it is for, as the reference says it.
    static var summary: String { get }

    /// Reads every member; nil if one that is needed is missing or faulty, which is then reported.
    init?(_ reader: SectionReader)
}

extension SectionDescription {
    /// Describes a section by running its initializer without a file.
    init<Value>(title: String, summary: String, _ build: (SectionReader) -> Value?) {
        let nothing = JSONNode(value: .null, position: JSONPosition(offset: 0, line: 1, column: 1))
        let context = ReadingContext(root: nothing, folder: "", isDescribing: true)
        let reader = SectionReader(Cursor(node: nothing, pointer: .root, context: context))
        _ = build(reader)
        self.init(title: title, summary: summary, members: reader.members)
    }
}
