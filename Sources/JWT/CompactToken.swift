import Bytes
import JSON

/// The three parts of a token in the compact form (RFC 7515 §7.1), still encoded.
///
/// It refers to the caller's bytes and is valid as long as they are.
struct CompactToken {
    let header: UnsafeRawBufferPointer
    let payload: UnsafeRawBufferPointer
    let signature: UnsafeRawBufferPointer
    /// What the signature is over: header, dot and payload.
    let signingInput: UnsafeRawBufferPointer

    /// The longest token that is looked at, in bytes.
    static let maximumSize = 16 * 1024

    init(_ token: UnsafeRawBufferPointer) throws(TokenRefusal) {
        guard token.count <= Self.maximumSize else { throw .tooLarge }
        let dot = UInt8(ascii: ".")
        guard let first = token.firstOffset(of: dot), let second = token.firstOffset(of: dot, from: first + 1),
            token.firstOffset(of: dot, from: second + 1) == nil
        else { throw .malformed("it does not have three parts") }
        header = token.slice(0..<first)
        payload = token.slice(first + 1..<second)
        signature = token.slice(second + 1..<token.count)
        signingInput = token.slice(0..<second)
    }

    /// The header's members.
    func decodedHeader() throws(TokenRefusal) -> JSONNode { try Self.decode(header, "header") }

    /// The claims.
    func decodedClaims() throws(TokenRefusal) -> JSONNode { try Self.decode(payload, "payload") }

    /// The signature's bytes.
    func decodedSignature() throws(TokenRefusal) -> [UInt8] {
        guard let bytes = Base64URL.decode(signature) else { throw .malformed("its signature is not base64url") }
        return bytes
    }

    private static func decode(_ part: UnsafeRawBufferPointer, _ name: String) throws(TokenRefusal) -> JSONNode {
        guard let bytes = Base64URL.decode(part) else { throw .malformed("its \(name) is not base64url") }
        let node: JSONNode
        do throws(JSONError) {
            node = try JSONParser.parse(bytes, maximumDepth: 16)
        } catch {
            switch error.reason {
            // RFC 7519 §4: which of two equal claims counts would depend on the parser.
            case .repeatedMember: throw .malformed("a member of its \(name) is repeated")
            case .invalidUTF8: throw .malformed("its \(name) is not UTF-8")
            default: throw .malformed("its \(name) is not JSON")
            }
        }
        guard node.members != nil else { throw .malformed("its \(name) is not a JSON object") }
        return node
    }
}

/// A token taken apart without any check, for showing to people.
package struct UnverifiedToken: Sendable {
    package let header: JSONNode
    package let claims: JSONNode

    /// Decodes a token.
    /// - Throws: `malformed` or `tooLarge`.
    package init(_ token: UnsafeRawBufferPointer) throws(TokenRefusal) {
        let parts = try CompactToken(token)
        header = try parts.decodedHeader()
        claims = try parts.decodedClaims()
    }
}
