/// Base64url without padding (RFC 4648 §5, RFC 7515 §2).
package enum Base64URL {
    /// Decodes strictly: no padding, no other alphabet, no white space, and only the canonical spelling of the last bits.
    ///
    /// Returns nil for anything else, so that two spellings never stand for the same bytes.
    package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        let remainder = text.count % 4
        guard remainder != 1 else { return nil }
        let size = text.count / 4 * 3 + (remainder == 0 ? 0 : remainder - 1)
        var valid = true
        let decoded = [UInt8](unsafeUninitializedCapacity: size) { output, count in
            valid = decode(text, into: output)
            count = size
        }
        return valid ? decoded : nil
    }

    package static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
    }

    package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        let size = (bytes.count * 4 + 2) / 3
        return String(unsafeUninitializedCapacity: size) { output in
            var bits: UInt32 = 0
            var held = 0
            var written = 0
            for byte in bytes {
                bits = bits << 8 | UInt32(byte)
                held += 8
                while held >= 6 {
                    held -= 6
                    output[written] = digit(UInt8(truncatingIfNeeded: bits >> UInt32(held)) & 63)
                    written += 1
                }
            }
            if held > 0 {
                output[written] = digit(UInt8(truncatingIfNeeded: bits << UInt32(6 - held)) & 63)
                written += 1
            }
            return written
        }
    }

    package static func encode(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { encode($0) }
    }

    private static func decode(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<UInt8>) -> Bool {
        var bits: UInt32 = 0
        var held = 0
        var written = 0
        for byte in text {
            guard let digit = value(byte) else { return false }
            bits = bits << 6 | digit
            held += 6
            if held >= 8 {
                held -= 8
                output[written] = UInt8(truncatingIfNeeded: bits >> UInt32(held))
                written += 1
            }
        }
        // The bits that no byte takes must be zero (RFC 4648 §3.5).
        return bits & (1 << UInt32(held) - 1) == 0
    }

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte) - 0x41
        case 0x61...0x7A: UInt32(byte) - 0x61 + 26
        case 0x30...0x39: UInt32(byte) - 0x30 + 52
        case 0x2D: 62
        case 0x5F: 63
        default: nil
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: value + 0x41
        case 26..<52: value - 26 + 0x61
        case 52..<62: value - 52 + 0x30
        case 62: 0x2D
        default: 0x5F
        }
    }
}
