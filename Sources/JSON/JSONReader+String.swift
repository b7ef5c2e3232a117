import Bytes

extension JSONReader {
    /// Parses the string whose opening quote stands here (RFC 8259 §7).
    mutating func parseString() throws(JSONError) -> String {
        let quote = offset
        offset += 1
        let start = offset
        while let next {
            switch next {
            case UInt8(ascii: "\""):
                let text = try validated(bytes.slice(start..<offset), quote: quote)
                offset += 1
                return text
            case UInt8(ascii: "\\"):
                return try parseEscapedString(start: start, quote: quote)
            case 0..<0x20:
                throw failure(.controlCharacter(next))
            default:
                offset += 1
            }
        }
        throw failure(.unexpectedEnd)
    }

    /// Goes on at the first backslash of a string whose plain beginning is known.
    private mutating func parseEscapedString(start: Int, quote: Int) throws(JSONError) -> String {
        var text = Array(bytes.slice(start..<offset))
        while let next {
            switch next {
            case UInt8(ascii: "\""):
                let string = try text.withUnsafeBytes { raw in
                    Result { () throws(JSONError) in try validated(raw, quote: quote) }
                }.get()
                offset += 1
                return string
            case UInt8(ascii: "\\"):
                try appendEscape(to: &text)
            case 0..<0x20:
                throw failure(.controlCharacter(next))
            default:
                text.append(next)
                offset += 1
            }
        }
        throw failure(.unexpectedEnd)
    }

    private func validated(_ raw: UnsafeRawBufferPointer, quote: Int) throws(JSONError) -> String {
        guard let text = String(validating: raw, as: UTF8.self) else { throw failure(.invalidUTF8, at: quote) }
        return text
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws(JSONError) {
        let start = offset
        offset += 1
        guard let letter = next else { throw failure(.unexpectedEnd) }
        offset += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            guard let scalar = UnicodeScalar(try parseEscapedScalar(start: start)) else {
                throw failure(.loneSurrogate, at: start)
            }
            text.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        default: throw failure(.invalidEscape, at: start)
        }
    }

    /// The scalar of `\uXXXX`, or of two of them that form a surrogate pair.
    private mutating func parseEscapedScalar(start: Int) throws(JSONError) -> UInt32 {
        let unit = try parseFourDigits(start: start)
        switch unit {
        case 0xD800..<0xDC00:
            guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw failure(.loneSurrogate, at: start) }
            let low = try parseFourDigits(start: start)
            guard (0xDC00..<0xE000).contains(low) else { throw failure(.loneSurrogate, at: start) }
            return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
        case 0xDC00..<0xE000:
            throw failure(.loneSurrogate, at: start)
        default:
            return unit
        }
    }

    private mutating func parseFourDigits(start: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let next, let digit = ASCII.hexadecimalValue(next) else { throw failure(.invalidEscape, at: start) }
            unit = unit << 4 | UInt32(digit)
            offset += 1
        }
        return unit
    }
}
