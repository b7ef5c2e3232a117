import Bytes

/// Bytes that a peer chose, made safe to stand in a log line.
enum LogEscaping {
    /// Appends a JSON string without its quotes (RFC 8259 §7).
    ///
    /// Whatever the bytes are, the result is valid UTF-8 and shows no control character. Each byte that is not UTF-8
    /// becomes U+FFFD.
    static func appendJSON(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        append(bytes, to: &output, plain: .unquoted) { scalar, output in
            switch scalar {
            case .some("\""): output.append("\\\"")
            case .some("\\"): output.append("\\\\")
            case .some("\n"): output.append("\\n")
            case .some("\r"): output.append("\\r")
            case .some("\t"): output.append("\\t")
            case .some(let scalar) where isInvisible(scalar): appendUnicodeEscape(scalar, to: &output)
            case .some(let scalar): appendUTF8(scalar, to: &output)
            case .none: output.append("\\ufffd")
            }
        }
    }

    /// Appends text for a line that people read: no spaces, no controls, and nothing that could draw over other text.
    static func appendText(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        guard bytes.count > 0 else { return output.append(byte: UInt8(ascii: "-")) }
        append(bytes, to: &output, plain: .words) { scalar, output in
            switch scalar {
            case .some("\\"): output.append("\\\\")
            case .some(let scalar) where scalar == " " || isInvisible(scalar): appendUnicodeEscape(scalar, to: &output)
            case .some(let scalar): appendUTF8(scalar, to: &output)
            case .none: output.append("\\ufffd")
            }
        }
    }

    /// Appends a message: as text, but spaces stay, and quotes are escaped where it stands in quotes.
    static func appendMessage(_ bytes: UnsafeRawBufferPointer, quotes: Bool, to output: inout ByteBuffer) {
        append(bytes, to: &output, plain: .unquoted) { scalar, output in
            switch scalar {
            case .some("\""): output.append(quotes ? "\\\"" : "\"")
            case .some("\\"): output.append("\\\\")
            case .some("\n"): output.append("\\n")
            case .some(let scalar) where isInvisible(scalar): appendUnicodeEscape(scalar, to: &output)
            case .some(let scalar): appendUTF8(scalar, to: &output)
            case .none: output.append("\\ufffd")
            }
        }
    }

    /// The bytes that a kind of text shows as they are.
    private enum PlainBytes {
        case unquoted
        case words

        func contains(_ byte: UInt8) -> Bool {
            switch self {
            case .unquoted: byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
            case .words: byte > 0x20 && byte < 0x7F && byte != 0x5C
            }
        }
    }

    /// Copies runs of plain bytes at once and shows the rest one scalar at a time, nil for bytes that are not UTF-8.
    private static func append(
        _ bytes: UnsafeRawBufferPointer,
        to output: inout ByteBuffer,
        plain: PlainBytes,
        other: (Unicode.Scalar?, inout ByteBuffer) -> Void
    ) {
        var start = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, plain.contains(bytes[end]) { end += 1 }
            output.append(bytes.slice(start..<end))
            guard end < bytes.count else { return }
            let (scalar, length) = decode(bytes.slice(end..<bytes.count))
            other(scalar, &output)
            start = end + length
        }
    }

    /// The first scalar and its length; a nil one for a byte that begins no well-formed sequence (Unicode 3.9, D92).
    private static func decode(_ bytes: UnsafeRawBufferPointer) -> (Unicode.Scalar?, Int) {
        let first = bytes[0]
        let (length, initial, least): (Int, UInt32, UInt32) =
            switch first {
            case 0x00...0x7F: (1, UInt32(first), 0)
            case 0xC2...0xDF: (2, UInt32(first & 0x1F), 0x80)
            case 0xE0...0xEF: (3, UInt32(first & 0x0F), 0x800)
            case 0xF0...0xF4: (4, UInt32(first & 0x07), 0x10000)
            default: (0, 0, 0)
            }
        guard length > 0, length <= bytes.count else { return (nil, 1) }
        var value = initial
        for index in 1..<max(length, 1) {
            guard bytes[index] & 0xC0 == 0x80 else { return (nil, 1) }
            value = value << 6 | UInt32(bytes[index] & 0x3F)
        }
        guard value >= least, let scalar = Unicode.Scalar(value) else { return (nil, 1) }
        return (scalar, length)
    }

    /// Controls and format characters: bidirectional overrides, zero-width characters, line separators.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }

    /// `\uXXXX`, as a surrogate pair above U+FFFF.
    private static func appendUnicodeEscape(_ scalar: Unicode.Scalar, to output: inout ByteBuffer) {
        for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
            output.append("\\u")
            for shift in [12, 8, 4, 0] as [UInt16] {
                let digit = UInt8(unit >> shift & 15)
                output.append(byte: digit < 10 ? digit + UInt8(ascii: "0") : digit - 10 + UInt8(ascii: "a"))
            }
        }
    }

    private static func appendUTF8(_ scalar: Unicode.Scalar, to output: inout ByteBuffer) {
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { output.append(byte: byte) }
    }
}
