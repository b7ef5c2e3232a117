/// A scope, and what it says to people.
package struct ScopeDefinition: Sendable, Equatable {
    package var name: String
    package var description: String
    /// The scopes that whoever has this one has too.
    package var implies: [String]
    /// Whether only users who were given it may allow it.
    package var isRestricted: Bool

    package init(name: String, description: String, implies: [String] = [], isRestricted: Bool = false) {
        self.name = name
        self.description = description
        self.implies = implies
        self.isRestricted = isRestricted
    }
}

/// All scopes that there are: the declared ones after the built-in ones.
package struct ScopeCatalog: Sendable, Equatable {
    /// In the order in which they are listed and shown.
    package let definitions: [ScopeDefinition]
    private let closures: [String: [String]]
    private let places: [String: Int]

    package init(_ declared: [ScopeDefinition]) {
        let definitions = Self.builtIn + declared.filter { scope in !Self.builtIn.contains { $0.name == scope.name } }
        let places = Dictionary(
            definitions.indices.map { (definitions[$0].name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        self.definitions = definitions
        self.places = places
        closures = places.mapValues { Self.closure(of: definitions[$0], in: definitions, places: places) }
    }

    /// The scopes of OpenID Connect Core §5.4 and §11.
    package static let builtIn = [
        ScopeDefinition(name: "openid", description: "Know who you are"),
        ScopeDefinition(name: "profile", description: "See your name"),
        ScopeDefinition(name: "email", description: "See your e-mail address"),
        ScopeDefinition(name: "offline_access", description: "Keep this access when you are away"),
    ]

    package subscript(name: String) -> ScopeDefinition? {
        places[name].map { definitions[$0] }
    }

    /// The scopes that one implies, directly or by way of others, without itself.
    package func implied(by name: String) -> [String] {
        closures[name] ?? []
    }

    /// These scopes with all that they imply.
    package func expanded(_ names: some Sequence<String>) -> Set<String> {
        var all: Set<String> = []
        for name in names {
            all.insert(name)
            all.formUnion(implied(by: name))
        }
        return all
    }

    /// Whether a user who was given these restricted scopes may allow this one.
    ///
    /// A scope that implies a restricted one is as restricted as that one, or implying would be a way around.
    package func mayAllow(_ name: String, given restricted: [String]) -> Bool {
        guard let definition = self[name] else { return false }
        let held = expanded(restricted)
        if held.contains(name) { return true }
        guard !definition.isRestricted else { return false }
        return implied(by: name).allSatisfy { self[$0]?.isRestricted != true || held.contains($0) }
    }

    /// Whether a scope, declared as it is now, is for certain users only: itself or by what it implies.
    package func isForSomeUsersOnly(_ name: String) -> Bool {
        self[name] != nil && !mayAllow(name, given: [])
    }

    private static func closure(
        of scope: ScopeDefinition,
        in definitions: [ScopeDefinition],
        places: [String: Int]
    ) -> [String] {
        var found: [String] = []
        var waiting = scope.implies
        while let next = waiting.popLast() {
            guard next != scope.name, !found.contains(next), let place = places[next] else { continue }
            found.append(next)
            waiting += definitions[place].implies
        }
        return found.sorted { places[$0, default: 0] < places[$1, default: 0] }
    }
}
