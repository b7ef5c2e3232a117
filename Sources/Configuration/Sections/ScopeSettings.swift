/// A scope that tokens can carry.
package struct ScopeSettings: Sendable, Equatable {
    package let name: String
    /// What a person reads when asked to allow it.
    package let description: String
    /// The scopes that whoever has this one has too.
    package let implies: [String]
    /// Whether only users who were given it may allow it.
    package let isRestricted: Bool
}

extension ScopeSettings: ConfigurationSection {
    static let title = "scopes{}"
    static let summary = """
        The scopes, declared once: name → what it allows, in words for people, or an object with these members. From here
        come the consent text, `scopes_supported`, the challenges and the enforcement; a scope used anywhere but not
        declared is an error. Built in: `openid`, `profile`, `email`, `offline_access`.
        """

    init?(_ reader: SectionReader) {
        let description = reader.required("description", .text, "What it allows, in words for people.")
        isRestricted = reader.value(
            "restricted",
            .bool,
            default: false,
            "Only users who were given it (`gatehouse user add --scope`) may allow it."
        )
        implies = reader.value(
            "implies",
            .list(of: .scope, unique: { $0 }),
            default: [],
            "Scopes that whoever has this one has too; holds for tokens of other issuers as well."
        )
        guard let description else { return nil }
        self.description = description
        name = reader.key
    }

    /// A description alone, or an object.
    static var kind: Kind<ScopeSettings> {
        let plain = Kind<String>.text.map { text, cursor in
            let name = cursor.pointer.components.last ?? ""
            return ScopeSettings(name: name, description: text, implies: [], isRestricted: false)
        }
        return .either(plain, when: { $0.string != nil }, else: .section)
    }

    /// RFC 6749 §3.3: scope-token.
    static func checkName(_ name: String, _ cursor: Cursor) throws(ValueFault) {
        let isToken = name.utf8.allSatisfy { $0 == 0x21 || (0x23...0x5B).contains($0) || (0x5D...0x7E).contains($0) }
        guard isToken, !name.isEmpty else { throw ValueFault("not a scope (RFC 6749 §3.3)") }
        guard !DeclaredNames.builtInScopes.contains(name) else { throw ValueFault("a scope that is built in") }
    }
}
