/// The path pattern of a route, in the normal form that requests are matched in.
package struct RoutePath: Sendable, Equatable {
    /// The pattern as written.
    package let text: String
    /// The segments before a final `/**`; an empty literal at the end stands for a final slash.
    package let segments: [Segment]
    /// Whether it ends in `/**`: any number of further segments, none included.
    package let coversRest: Bool

    package enum Segment: Sendable, Equatable {
        case literal(String)
        /// `*`: any one segment that is not empty.
        case any
    }

    /// The path's beginning up to the first star, which `rewrite_prefix` replaces: `/notes` for `/notes/**`.
    package var literalPrefix: String {
        var prefix = ""
        for segment in segments {
            guard case .literal(let text) = segment else { break }
            prefix += "/" + text
        }
        return prefix.isEmpty ? "/" : prefix
    }

    init(_ text: String) throws(ValueFault) {
        guard text.hasPrefix("/") else {
            throw ValueFault("a path that does not begin with a slash", nearest: "/" + text)
        }
        guard text.utf8.count <= 1024 else { throw ValueFault("a path over 1024 bytes") }
        let canonical = Self.canonical(text)
        guard canonical == text else { throw ValueFault("a path that is not in its normal form", nearest: canonical) }
        var parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        coversRest = parts.last == "**"
        if coversRest { parts.removeLast() }
        var segments: [Segment] = []
        for (index, part) in parts.enumerated() {
            try Self.check(part, isLast: index == parts.count - 1 && !coversRest)
            segments.append(part == "*" ? .any : .literal(part))
        }
        self.segments = segments
        self.text = text
    }

    /// Refuses what a normalised request path never has, so that a route cannot silently match nothing.
    private static func check(_ part: String, isLast: Bool) throws(ValueFault) {
        switch part {
        case "": guard isLast else { throw ValueFault("an empty segment in a path") }
        case ".", "..": throw ValueFault("a dot segment in a path")
        case "*": return
        case "**": throw ValueFault("\"**\" before the end of a path")
        default:
            guard !part.contains("*") else { throw ValueFault("a star that is not a whole segment") }
            let upper = part.uppercased()
            for refused in ["%2F", "%5C", "%00"] where upper.contains(refused) {
                throw ValueFault("\(refused) in a path; requests with it are refused")
            }
        }
    }

    /// Whether the path has parameters, which only routes with `path_parameters` let through.
    var hasParameters: Bool { text.contains(";") || text.contains("%3B") }

    /// The path with unreserved characters unescaped and all that must be escaped so (RFC 3986 §6.2.2).
    static func canonical(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var output: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), let value = escapedValue(bytes[(index + 1)...]) {
                if isUnreserved(value) { output.append(value) } else { appendEscape(value, to: &output) }
                index += 3
            } else {
                let byte = bytes[index]
                if WebURL.isPathByte(byte), byte != UInt8(ascii: "%") {
                    output.append(byte)
                } else {
                    appendEscape(byte, to: &output)
                }
                index += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func escapedValue(_ digits: ArraySlice<UInt8>) -> UInt8? {
        let digits = digits.prefix(2)
        guard digits.count == 2, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else {
            return nil
        }
        return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }

    private static func appendEscape(_ byte: UInt8, to output: inout [UInt8]) {
        let digits = String(byte, radix: 16, uppercase: true)
        output += Array(("%" + (byte < 16 ? "0" : "") + digits).utf8)
    }
}

extension Kind where Value == RoutePath {
    static var routePath: Kind {
        .text("a path such as \"/notes\", \"/notes/*\" or \"/notes/**\"", pattern: "^/") {
            (text, _) throws(ValueFault) in try RoutePath(text)
        }
    }
}

extension Kind where Value == String {
    /// A path without stars, in its normal form.
    static var literalPath: Kind {
        .text("a path such as \"/v2\"", pattern: "^/[^*?#]*$") { (text, _) throws(ValueFault) in
            let path = try RoutePath(text)
            guard !path.coversRest, !path.segments.contains(.any) else { throw ValueFault("a path with a star") }
            return text
        }
    }
}
