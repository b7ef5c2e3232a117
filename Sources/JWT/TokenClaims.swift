import JSON

/// The claims of a token, read by type (RFC 7519 §4).
struct TokenClaims {
    let node: JSONNode

    init(_ node: JSONNode) {
        self.node = node
    }

    subscript(_ name: String) -> JSONNode? { node[name] }

    /// A claim that is a string, if it is there.
    func text(_ name: String) throws(TokenRefusal) -> String? {
        guard let claim = node[name] else { return nil }
        guard let text = claim.string else { throw .malformed("its claim \(name) is not a string") }
        return text
    }

    func requiredText(_ name: String) throws(TokenRefusal) -> String {
        guard let text = try text(name) else { throw .missingClaim(name) }
        return text
    }

    /// A claim that is a time, if it is there; seconds since 1970.
    func date(_ name: String) throws(TokenRefusal) -> Int64? {
        guard let claim = node[name] else { return nil }
        guard let date = claim.numericDate else { throw .malformed("its claim \(name) is not a time") }
        return date
    }

    /// A claim that names someone: a string, or an integer in its digits.
    ///
    /// The claim is one that the configuration names, so its name does not go into the refusal.
    func name(_ name: String) throws(TokenRefusal) -> String? {
        guard let claim = node[name], !claim.isNull else { return nil }
        if let text = claim.string { return text }
        guard let number = claim.int64 else { throw .malformed("the claim that names its user is not a string") }
        return String(number)
    }

    /// RFC 7519 §4.1.3: a string, or an array of strings.
    func audiences() throws(TokenRefusal) -> [String] {
        guard let claim = node["aud"] else { throw .missingClaim("aud") }
        if let text = claim.string { return [text] }
        guard let audiences = claim.strings else {
            throw .malformed("its claim aud is not a string or an array of them")
        }
        return audiences
    }

    /// The client: `client_id` (RFC 9068 §2.2), or what other issuers call it.
    func clientID(isOwn: Bool) throws(TokenRefusal) -> String? {
        if let clientID = try text("client_id") { return clientID }
        guard !isOwn else { return nil }
        if let party = try text("azp") { return party }
        // No standard says what these are: where one is not a string, it means something else there.
        return node["cid"]?.string ?? node["appid"]?.string
    }

    /// Scopes as a string with spaces between them or as an array; what is no scope token is left out.
    func scopes(_ name: String) throws(TokenRefusal) -> [String]? {
        guard let claim = node[name], !claim.isNull else { return nil }
        let candidates: [String]
        if let text = claim.string {
            candidates = text.utf8.split(separator: 0x20).map { String(Substring($0)) }
        } else if let texts = claim.strings {
            candidates = texts
        } else {
            throw .malformed("its scopes are not a string or an array of strings")
        }
        return candidates.filter(Self.isScopeToken)
    }

    /// RFC 6749 §3.3: printable ASCII without space, quote and backslash.
    private static func isScopeToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
    }
}

extension JSONNode {
    /// A NumericDate (RFC 7519 §2) in whole seconds, a fraction rounded up; nil where it is no sensible time.
    var numericDate: Int64? {
        // Far beyond every calendar, and far from where sums overflow.
        let limit: Int64 = 1 << 53
        if let whole = int64 { return whole.magnitude <= limit ? whole : nil }
        guard let value = double?.rounded(.up), value.magnitude <= Double(limit) else { return nil }
        return Int64(value)
    }

    /// The strings of an array of nothing else.
    fileprivate var strings: [String]? {
        guard let array else { return nil }
        var strings: [String] = []
        strings.reserveCapacity(array.count)
        for element in array {
            guard let text = element.string else { return nil }
            strings.append(text)
        }
        return strings
    }
}
