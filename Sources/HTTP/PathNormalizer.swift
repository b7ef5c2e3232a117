import Bytes

// A path is brought to one spelling before anything looks at it (RFC 3986 §6.2.2): escapes of unreserved characters are
// decoded and the others written with upper-case digits, bytes that RFC 3986 does not allow raw but browsers send are
// escaped, dot segments are removed as §5.2.4 has it, and then empty segments are merged. What is matched is what is
// forwarded, so no upstream can read another path than the one that was checked.

/// Brings paths to the one spelling by which they are matched and forwarded.
@usableFromInline
package enum PathNormalizer {
    /// What is known of a path in its normal spelling.
    struct Outcome {
        var count: Int
        /// Whether it holds `;` or `%3B`.
        var hasParameters: Bool
    }

    /// What kind of byte stands in a target.
    enum Kind: UInt8 {
        case invalid
        case plain
        case slash
        case dot
        case percent
        case semicolon
        case question
        case backslash
        case escaped
    }

    /// The normal spelling of an absolute path without a query, and whether it holds parameters (`;` or `%3B`).
    ///
    /// - Throws: What a request with this path would be refused with.
    package static func normalize(
        _ path: UnsafeRawBufferPointer
    ) throws(HTTPParseError) -> (bytes: [UInt8], hasParameters: Bool) {
        guard path.first == UInt8(ascii: "/") else { throw .malformedTarget }
        let output = UnsafeMutablePointer<UInt8>.allocate(capacity: path.count * 3)
        defer { output.deallocate() }
        let outcome = try normalize(path, into: output)
        return (Array(UnsafeBufferPointer(start: output, count: outcome.count)), outcome.hasParameters)
    }

    /// Writes the normal spelling of a path that starts with `/`; the output has room for three times its size.
    static func normalize(
        _ path: UnsafeRawBufferPointer,
        into output: UnsafeMutablePointer<UInt8>
    ) throws(HTTPParseError) -> Outcome {
        var outcome = try decode(path, into: output)
        outcome.count = try removeDotSegments(output, count: outcome.count)
        outcome.count = mergeEmptySegments(output, count: outcome.count)
        return outcome
    }

    private static func decode(
        _ path: UnsafeRawBufferPointer,
        into output: UnsafeMutablePointer<UInt8>
    ) throws(HTTPParseError) -> Outcome {
        var written = 0
        var hasParameters = false
        var index = 0
        while index < path.count {
            var byte = path[index]
            var isEscape = false
            switch TargetTable.shared.kind(byte) {
            case .plain, .slash, .dot: break
            case .semicolon: hasParameters = true
            case .escaped: isEscape = true
            case .percent:
                byte = try escapedByte(path, at: index)
                index += 2
                if byte == UInt8(ascii: ";") { hasParameters = true }
                isEscape = !isUnreserved(byte)
            case .invalid, .question: throw .malformedTarget
            case .backslash: throw .forbiddenPathCharacter
            }
            index += 1
            if isEscape {
                output[written] = UInt8(ascii: "%")
                output[written + 1] = PercentEncoding.upperHexadecimal(byte >> 4)
                output[written + 2] = PercentEncoding.upperHexadecimal(byte & 15)
                written += 3
            } else {
                output[written] = byte
                written += 1
            }
        }
        return Outcome(count: written, hasParameters: hasParameters)
    }

    /// The byte that the escape at `index` stands for; never a slash, a backslash or NUL.
    private static func escapedByte(_ path: UnsafeRawBufferPointer, at index: Int) throws(HTTPParseError) -> UInt8 {
        guard index + 2 < path.count,
            let high = ASCII.hexadecimalValue(path[index + 1]),
            let low = ASCII.hexadecimalValue(path[index + 2])
        else { throw .malformedEscape }
        let byte = high << 4 | low
        if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") || byte == 0 { throw .forbiddenPathCharacter }
        return byte
    }

    /// RFC 3986 §2.3.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "~")
    }

    /// RFC 3986 §5.2.4, in place; a `..` with nothing to remove is refused instead of dropped.
    private static func removeDotSegments(
        _ bytes: UnsafeMutablePointer<UInt8>,
        count: Int
    ) throws(HTTPParseError) -> Int {
        var written = 0
        var read = 0
        while read < count {
            var end = read + 1
            while end < count, bytes[end] != UInt8(ascii: "/") { end += 1 }
            let dots = try dots(bytes + read + 1, count: end - read - 1)
            switch dots {
            case 0:
                for index in read..<end {
                    bytes[written] = bytes[index]
                    written += 1
                }
            case 1:
                break
            default:
                if written == 0 { throw .pathAboveRoot }
                repeat { written -= 1 } while bytes[written] != UInt8(ascii: "/")
            }
            if end == count, dots > 0 {
                bytes[written] = UInt8(ascii: "/")
                written += 1
            }
            read = end
        }
        return written
    }

    /// 1 for `.`, 2 for `..`, 0 for any other segment.
    ///
    /// Some servers drop the parameters of a segment before they look for dots, so `..;x` is refused.
    private static func dots(_ segment: UnsafeMutablePointer<UInt8>, count: Int) throws(HTTPParseError) -> Int {
        var dots = 0
        while dots < count, segment[dots] == UInt8(ascii: ".") { dots += 1 }
        guard dots == 1 || dots == 2 else { return 0 }
        if dots == count { return dots }
        let isEscape = count >= dots + 3 && segment[dots] == UInt8(ascii: "%")
        let isEscapedSemicolon =
            isEscape && segment[dots + 1] == UInt8(ascii: "3") && segment[dots + 2] == UInt8(ascii: "B")
        if segment[dots] == UInt8(ascii: ";") || isEscapedSemicolon { throw .forbiddenPathCharacter }
        return 0
    }

    private static func mergeEmptySegments(_ bytes: UnsafeMutablePointer<UInt8>, count: Int) -> Int {
        var written = 0
        for index in 0..<count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "/"), written > 0, bytes[written - 1] == byte { continue }
            bytes[written] = byte
            written += 1
        }
        return written
    }
}

/// What each byte is in a request-target.
struct TargetTable: @unchecked Sendable {
    // SAFETY: the memory is written in `init` only, before the value is shared, and is never freed.
    private let kinds: UnsafePointer<PathNormalizer.Kind>

    static let shared = TargetTable()

    private init() {
        let kinds = UnsafeMutablePointer<PathNormalizer.Kind>.allocate(capacity: 256)
        kinds.initialize(repeating: .invalid, count: 256)
        for byte in 0x21...0x7E { kinds[byte] = .plain }
        // Not allowed raw in a path by RFC 3986 §3.3, but sent so by browsers.
        for byte in "\"<>[]^`{|}".utf8 { kinds[Int(byte)] = .escaped }
        kinds[Int(UInt8(ascii: "#"))] = .invalid
        kinds[Int(UInt8(ascii: "/"))] = .slash
        kinds[Int(UInt8(ascii: "."))] = .dot
        kinds[Int(UInt8(ascii: "%"))] = .percent
        kinds[Int(UInt8(ascii: ";"))] = .semicolon
        kinds[Int(UInt8(ascii: "?"))] = .question
        kinds[Int(UInt8(ascii: "\\"))] = .backslash
        self.kinds = UnsafePointer(kinds)
    }

    @inline(__always)
    func kind(_ byte: UInt8) -> PathNormalizer.Kind { kinds[Int(byte)] }
}
