/// Base64 with padding (RFC 4648 §4).
package enum Base64 {
    /// The bytes as text.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Base64URL.encode(bytes).utf8.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        return digits + [UInt8](repeating: UInt8(ascii: "="), count: (4 - digits.count % 4) % 4)
    }
}
