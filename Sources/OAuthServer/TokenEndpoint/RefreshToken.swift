import Bytes
import Crypto

/// A refresh token: its family, its place in it, and the proof that we made it.
///
/// The text is base64url of the family's id (16 bytes), the generation (4 bytes, most significant first) and the
/// HMAC-SHA-256 of both. So every generation can be made again from the row of its family, by any node, and nothing that
/// could be presented is stored.
struct RefreshToken: Sendable, Equatable {
    var familyID: [UInt8]
    var generation: UInt32

    init(familyID: [UInt8], generation: UInt32) {
        self.familyID = familyID
        self.generation = generation
    }

    /// The token of a family that is good now.
    init(_ family: RefreshFamily) {
        self.init(familyID: family.id, generation: family.generation)
    }

    /// Reads a token that this key made; nil for anything else.
    init?(_ text: String, key: HMACKey) {
        // Looked at first, so that a long text costs nothing.
        guard text.utf8.count == Self.textSize, let bytes = Base64URL.decode(text), bytes.count == Self.size else {
            return nil
        }
        let isAuthentic = bytes.withUnsafeBytes { bytes in
            key.isValid(bytes.slice(Self.messageSize..<Self.size), for: bytes.slice(0..<Self.messageSize))
        }
        guard isAuthentic else { return nil }
        familyID = Array(bytes[..<Self.familyIDSize])
        generation = bytes[Self.familyIDSize..<Self.messageSize].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The token that a client gets.
    func text(key: HMACKey) -> String {
        var bytes = familyID
        bytes.reserveCapacity(Self.size)
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: generation >> shift))
        }
        bytes += bytes.withUnsafeBytes { key.authenticationCode(of: $0) }
        return Base64URL.encode(bytes)
    }

    /// Bytes of a family's id.
    static let familyIDSize = 16

    private static let messageSize = familyIDSize + 4
    private static let size = messageSize + 32
    private static let textSize = (size * 4 + 2) / 3
}
