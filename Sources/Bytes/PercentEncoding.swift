/// Percent-encoding of text for places that take printable ASCII only (RFC 3986 §2.1).
@usableFromInline
package enum PercentEncoding {
    /// The bytes with everything that is not printable ASCII, and `%` itself, as `%XX`.
    ///
    /// This is how a user's name or a claim stands in a field value: the receiver decodes it without ambiguity, and no
    /// byte of it can end the field.
    package static func encodeFieldValue(_ text: String) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "%") {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(upperHexadecimal(byte >> 4))
                encoded.append(upperHexadecimal(byte & 15))
            }
        }
        return encoded
    }

    /// The upper-case hexadecimal digit for a value under 16.
    @inlinable
    package static func upperHexadecimal(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 &+ value : 0x37 &+ value
    }
}

extension PercentEncoding {
    /// The text as a name or a value in a query or a form: only unreserved characters stay (RFC 3986 §2.3).
    package static func encodeComponent(_ text: String) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default:
                encoded.append(UInt8(ascii: "%"))
                encoded.append(upperHexadecimal(byte >> 4))
                encoded.append(upperHexadecimal(byte & 15))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
