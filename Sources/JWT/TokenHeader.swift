import Bytes
import Crypto
import JSON

/// The members of a token's header that count; `jku`, `x5u`, `x5c` and `jwk` are ignored (RFC 8725 §3.5, §3.10).
struct TokenHeader {
    let algorithm: SignatureAlgorithm
    let keyID: String?
    let type: String?

    init(_ node: JSONNode) throws(TokenRefusal) {
        guard let name = node["alg"]?.string else { throw .malformed("its header has no alg") }
        // RFC 7515 §4.1.11: none of the extensions that may be listed there is understood.
        guard node["crit"] == nil else { throw .unknownCritical }
        guard let algorithm = SignatureAlgorithm(name: name) else { throw .unsupportedAlgorithm }
        self.algorithm = algorithm
        keyID = try Self.text("kid", of: node)
        type = try Self.text("typ", of: node)
    }

    private static func text(_ name: String, of node: JSONNode) throws(TokenRefusal) -> String? {
        guard let member = node[name] else { return nil }
        guard let text = member.string else { throw .malformed("the \(name) of its header is not a string") }
        return text
    }
}

/// The media types that a token may say it has (RFC 7515 §4.1.9).
package struct TokenTypes: Sendable, Equatable {
    private let names: [String]
    /// Whether a token without `typ` is accepted.
    package let allowsAbsent: Bool

    /// Types with or without `application/`, in any case.
    package init(_ names: [String], allowsAbsent: Bool) {
        self.names = names.map(Self.canonical)
        self.allowsAbsent = allowsAbsent
    }

    /// What own access tokens must have (RFC 9068 §4).
    package static let accessToken = TokenTypes(["at+jwt"], allowsAbsent: false)
    /// What the tokens of other issuers may have unless the configuration says otherwise.
    package static let standard = TokenTypes(["at+jwt", "JWT"], allowsAbsent: true)

    func allows(_ type: String?) -> Bool {
        guard let type else { return allowsAbsent }
        let wanted = Self.canonical(type)
        return names.contains { $0.utf8.elementsEqual(wanted.utf8) }
    }

    /// The type in lower case, without the `application/` that may be left out if no other slash follows.
    private static func canonical(_ type: String) -> String {
        let lower = String(decoding: type.utf8.map(ASCII.lowercased), as: UTF8.self)
        let prefix = "application/"
        guard lower.utf8.starts(with: prefix.utf8) else { return lower }
        let rest = lower.utf8.dropFirst(prefix.utf8.count)
        return rest.contains(UInt8(ascii: "/")) ? lower : String(rest) ?? lower
    }
}
