import Bytes
import Crypto

/// The secret that shows that a code comes back to whoever asked for it (RFC 7636).
struct CodeVerifier: Sendable, Equatable {
    private let text: String

    /// RFC 7636 §4.1: 43 to 128 unreserved characters; nil for anything else.
    init?(_ text: String) {
        guard (43...128).contains(text.utf8.count), text.utf8.allSatisfy(Self.isUnreserved) else { return nil }
        self.text = text
    }

    /// Whether the challenge was made from this (RFC 7636 §4.6, `S256`).
    func matches(_ challenge: String) -> Bool {
        ConstantTime.equals(Array(Base64URL.encode(Digest.sha256(text)).utf8), Array(challenge.utf8))
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: ASCII.isLetter(byte) || ASCII.isDigit(byte)
        }
    }
}
