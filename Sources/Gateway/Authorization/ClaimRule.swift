import JSON

/// A value that a claim may have.
package enum ClaimValue: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case double(Double)
    case bool(Bool)
}

/// A claim and the values of it that a route allows.
package struct ClaimRule: Sendable, Equatable {
    package let claim: String
    package let allowed: [ClaimValue]

    package init(claim: String, allowed: [ClaimValue]) {
        self.claim = claim
        self.allowed = allowed
    }

    /// Bytes that are the same for the same rule only: `String` would take canonically equivalent spellings as one.
    var key: [UInt8] {
        allowed.reduce(into: Array(claim.utf8) + [0]) { key, value in
            key += Array("\(value)".utf8) + [0]
        }
    }

    /// Whether the claim has an allowed value, or is an array with one in it.
    func isSatisfied(by claims: JSONNode) -> Bool {
        guard let node = claims.claim(claim) else { return false }
        if let elements = node.array {
            return elements.contains { element in allowed.contains { $0.matches(element) } }
        }
        return allowed.contains { $0.matches(node) }
    }
}

extension ClaimValue {
    /// Equality by type and exact value: `"1"` is not `1`, and text is compared by its bytes.
    fileprivate func matches(_ node: JSONNode) -> Bool {
        switch self {
        case .string(let text): node.string?.utf8.elementsEqual(text.utf8) ?? false
        case .integer(let number): node.int64 == number
        case .double(let number): node.double == number
        case .bool(let truth): node.bool == truth
        }
    }
}

extension JSONNode {
    /// The claim of this name, else the one at this path of member names joined by dots (`realm_access.roles`).
    func claim(_ name: String) -> JSONNode? {
        if let exact = self[name] { return exact }
        guard let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")) else { return nil }
        return self[String(name[..<dot])]?.claim(String(name[name.utf8.index(after: dot)...]))
    }
}
