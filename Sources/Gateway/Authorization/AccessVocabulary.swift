/// The scopes, claim rules and resources that the routes of one configuration talk about, each as a number.
///
/// A principal is translated into these numbers once, when its token is verified; what a request then costs is a few
/// comparisons of bit sets.
package struct AccessVocabulary: Sendable {
    package let scopeNames: [String]
    package let claimRules: [ClaimRule]
    /// The claims that some route sends upstream.
    package let claimNames: [String]
    /// The protected resources; the first is the issuer.
    package let resources: [String]
    /// The issuer's place among the resources.
    static let issuerResource = 0
    /// The issuers in the order of the token verifier.
    package let issuers: [String]

    private let scopes: NameIndex
    private let claims: NameIndex
    private let resourceIndex: NameIndex
    private let issuerIndex: NameIndex
    private let ruleIndex: [[UInt8]: Int]
    /// For each scope itself and everything that it implies, directly or not.
    private let implied: [BitSet]

    package init(_ definition: GatewayDefinition) {
        let scopeNames = definition.scopes.map(\.name)
        let scopes = NameIndex(scopeNames)
        self.scopeNames = scopeNames
        self.scopes = scopes
        implied = AccessVocabulary.closure(of: definition.scopes.map { BitSet($0.implies.compactMap { scopes[$0] }) })
        issuers = definition.issuers
        var rules: [ClaimRule] = []
        var ruleIndex: [[UInt8]: Int] = [:]
        for rule in definition.routes.flatMap(\.claims) where ruleIndex[rule.key] == nil {
            ruleIndex[rule.key] = rules.count
            rules.append(rule)
        }
        claimRules = rules
        self.ruleIndex = ruleIndex
        issuerIndex = NameIndex(definition.issuers)
        claimNames = Set(definition.routes.flatMap { $0.claimHeaders.map(\.claim) }).sorted()
        claims = NameIndex(claimNames)
        let others = Set(definition.routes.compactMap(\.resource)).subtracting([definition.issuer]).sorted()
        resources = [definition.issuer] + others
        resourceIndex = NameIndex(resources)
    }

    /// The number of a declared scope.
    package func scope(_ name: String) -> Int? { scopes[name] }

    /// The number of a rule that some route has.
    func rule(_ rule: ClaimRule) -> Int? { ruleIndex[rule.key] }

    /// The number of an issuer.
    func issuer(_ name: String) -> Int? { issuerIndex[name] }

    /// The number of a claim that some route sends upstream.
    func claimIndex(_ name: String) -> Int? { claims[name] }

    /// The number of a resource, if any route has it.
    func resource(_ identifier: String) -> Int? { resourceIndex[identifier] }

    /// The declared ones of these scopes with all that they imply.
    package func effectiveScopes(_ names: [String]) -> BitSet {
        var effective = BitSet()
        for name in names {
            if let scope = scopes[name] { effective.formUnion(implied[scope]) }
        }
        return effective
    }

    /// The names of a set of scopes, in the order of their declaration.
    package func names(of set: BitSet) -> [String] {
        scopeNames.indices.filter(set.contains).map { scopeNames[$0] }
    }

    /// Follows `implies` to its end; circles do no harm.
    private static func closure(of direct: [BitSet]) -> [BitSet] {
        direct.indices.map { start in
            var reached = BitSet([start])
            var waiting = [start]
            while let scope = waiting.popLast() {
                for next in direct.indices where direct[scope].contains(next) && !reached.contains(next) {
                    reached.insert(next)
                    waiting.append(next)
                }
            }
            return reached
        }
    }
}

/// A scope of the configuration.
package struct ScopeDefinition: Sendable, Equatable {
    package let name: String
    /// The scopes that this one stands for as well.
    package let implies: [String]

    package init(name: String, implies: [String] = []) {
        self.name = name
        self.implies = implies
    }
}

/// Numbers names by their bytes: `String` would take canonically equivalent spellings as one.
private struct NameIndex: Sendable {
    private let index: [[UInt8]: Int]

    init(_ names: [String]) {
        index = Dictionary(
            names.enumerated().map { (Array($0.element.utf8), $0.offset) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    subscript(_ name: String) -> Int? { index[Array(name.utf8)] }
}
