import Bytes
import JSON
import JWT

/// Whom a verified token speaks for, translated once into what requests need of it.
package final class Principal: Sendable {
    package let token: VerifiedToken
    /// The declared scopes of the token with all that they imply.
    package let scopes: BitSet
    /// The user's name as a field value, percent-encoded; nil for a token without a user.
    package let userName: [UInt8]?
    /// The client's id as a field value, percent-encoded.
    package let clientID: [UInt8]?
    /// The token's scopes and those that they imply, as a field value.
    package let scopeValue: [UInt8]

    let satisfiedClaims: BitSet
    let resources: BitSet
    /// Field values by the vocabulary's numbers of claims; nil where the token has none to send.
    let claimValues: [[UInt8]?]

    package init(_ token: VerifiedToken, _ vocabulary: AccessVocabulary) {
        self.token = token
        scopes = vocabulary.effectiveScopes(token.scopes)
        userName = token.userName.map(Principal.fieldValue)
        clientID = token.clientID.map(Principal.fieldValue)
        scopeValue = Principal.scopeValue(token.scopes, vocabulary.names(of: scopes))
        satisfiedClaims = BitSet(
            vocabulary.claimRules.indices.filter { vocabulary.claimRules[$0].isSatisfied(by: token.claims) }
        )
        resources = BitSet(token.audiences.compactMap(vocabulary.resource))
        claimValues = vocabulary.claimNames.map { token.claims.claim($0)?.fieldValue }
    }

    /// Text as a field value that reads back as exactly this text.
    ///
    /// Receivers trim field values (RFC 9110 §5.5): with a space at an end, one user's name could pass for another's.
    static func fieldValue(_ text: String) -> [UInt8] {
        let space = UInt8(ascii: " ")
        let encoded = PercentEncoding.encodeFieldValue(text)
        guard encoded.first == space || encoded.last == space else { return encoded }
        let start = encoded.prefix { $0 == space }.count
        let end = encoded.dropFirst(start).reversed().prefix { $0 == space }.count
        let escape = Array("%20".utf8)
        return Array(repeating: escape, count: start).flatMap(\.self) + encoded.dropFirst(start).dropLast(end)
            + Array(repeating: escape, count: end).flatMap(\.self)
    }

    /// The token's own scopes first, then what they imply.
    private static func scopeValue(_ own: [String], _ effective: [String]) -> [UInt8] {
        let known = Set(own.map { Array($0.utf8) })
        let names = own + effective.filter { !known.contains(Array($0.utf8)) }
        return fieldValue(names.joined(separator: " "))
    }
}

extension JSONNode {
    /// A claim as a field value, percent-encoded: a scalar, or scalars joined by `,`; nil for anything else.
    ///
    /// A comma within an element is encoded, so that no element can pass for two.
    fileprivate var fieldValue: [UInt8]? {
        guard let elements = array else { return scalarValue }
        let comma = UInt8(ascii: ",")
        let parts = elements.compactMap(\.scalarValue)
        guard !parts.isEmpty, parts.count == elements.count else { return nil }
        return Array(parts.map { $0.flatMap { $0 == comma ? Array("%2C".utf8) : [$0] } }.joined(separator: [comma]))
    }

    private var scalarValue: [UInt8]? {
        switch value {
        case .string(let text): Principal.fieldValue(text)
        case .number(let number): Array(number.text.utf8)
        case .bool(let truth): Array((truth ? "true" : "false").utf8)
        case .null, .array, .object: nil
        }
    }
}
