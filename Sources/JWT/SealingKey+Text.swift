import Bytes
import Crypto

extension SealingKey {
    /// A key written as text: 32 bytes in hexadecimal digits, base64 or base64url, with white space around it.
    ///
    /// Anything shorter, such as a password, is refused: it could be guessed.
    /// - Throws: `malformedKey`.
    package init(text: UnsafeRawBufferPointer) throws(CryptoError) {
        let trimmed = text.drop { Self.isSpace($0) }.reversed().drop { Self.isSpace($0) }.reversed()
        guard let bytes = Self.hexadecimal(Array(trimmed)) ?? Self.base64(Array(trimmed)) else { throw .malformedKey }
        try self.init(SecretBytes(copying: bytes))
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private static func hexadecimal(_ digits: [UInt8]) -> [UInt8]? {
        guard digits.count == size * 2 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = ASCII.hexadecimalValue(digits[index]), let low = ASCII.hexadecimalValue(digits[index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func base64(_ digits: [UInt8]) -> [UInt8]? {
        let unpadded = digits.last == UInt8(ascii: "=") ? digits.dropLast() : digits[...]
        let urlSafe = unpadded.map { digit in
            switch digit {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: digit
            }
        }
        return urlSafe.withUnsafeBytes { Base64URL.decode($0) }
    }
}
