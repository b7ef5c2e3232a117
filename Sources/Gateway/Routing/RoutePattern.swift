import Bytes

/// The `path` of a route, taken apart.
package struct RoutePattern: Sendable, Hashable {
    /// One step of a pattern.
    enum Segment: Sendable, Hashable {
        /// These bytes, decoded.
        case literal([UInt8])
        /// Any one segment that is not empty (`*`).
        case anyOne
        /// Any number of segments, none included (`/**` at the end).
        case rest
    }

    let segments: [Segment]

    /// Reads a pattern such as `/notes/*/tags/**`.
    ///
    /// - Throws: `RoutePatternError` for a pattern that no normalised path could ever match, and for stars elsewhere.
    package init(_ text: String) throws(RoutePatternError) {
        let bytes = Array(text.utf8)
        guard bytes.first == UInt8(ascii: "/") else { throw .relative }
        let parts = bytes.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        var segments: [Segment] = []
        for (index, part) in parts.enumerated() {
            segments.append(try RoutePattern.segment(part, isLast: index == parts.count - 1))
        }
        self.segments = segments
    }

    /// How many segments stand before the first star.
    var literalPrefixCount: Int {
        segments.firstIndex { segment in
            if case .literal = segment { false } else { true }
        } ?? segments.count
    }

    private static func segment(_ part: ArraySlice<UInt8>, isLast: Bool) throws(RoutePatternError) -> Segment {
        if part.elementsEqual("*".utf8) { return .anyOne }
        if part.elementsEqual("**".utf8) {
            guard isLast else { throw .restNotLast }
            return .rest
        }
        guard !part.contains(UInt8(ascii: "*")) else { throw .partialStar }
        guard isLast || !part.isEmpty else { throw .emptySegment }
        let literal = try decoded(part)
        guard !literal.elementsEqual(".".utf8), !literal.elementsEqual("..".utf8) else { throw .dotSegment }
        return .literal(literal)
    }

    private static func decoded(_ part: ArraySlice<UInt8>) throws(RoutePatternError) -> [UInt8] {
        var literal: [UInt8] = []
        var index = part.startIndex
        while index < part.endIndex {
            var byte = part[index]
            if byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") { throw .notAPath }
            if byte == UInt8(ascii: "%") {
                guard part.endIndex - index > 2, let high = ASCII.hexadecimalValue(part[index + 1]),
                    let low = ASCII.hexadecimalValue(part[index + 2])
                else { throw .malformedEscape }
                byte = high << 4 | low
                index += 2
            }
            guard byte >= 0x20, byte != 0x7F, !unmatchable.contains(byte) else { throw .unmatchable(byte) }
            literal.append(byte)
            index += 1
        }
        return literal
    }

    /// Requests with these in their path are refused or read without them, so a literal could never match.
    private static let unmatchable = Array("/\\;".utf8)
}

/// Why a text is no route pattern.
package enum RoutePatternError: Error, Equatable, Sendable {
    case relative
    case restNotLast
    case partialStar
    case emptySegment
    case dotSegment
    case malformedEscape
    case notAPath
    case unmatchable(UInt8)
}

extension RoutePatternError: CustomStringConvertible {
    /// What is wrong, for whoever writes the configuration.
    package var description: String {
        switch self {
        case .relative: "a path starts with /"
        case .restNotLast: "** may only be the last segment"
        case .partialStar: "* stands for a whole segment"
        case .emptySegment: "two slashes in a row never match, since paths are normalised first"
        case .dotSegment: ". and .. never match, since paths are normalised first"
        case .malformedEscape: "% is followed by two hexadecimal digits"
        case .notAPath: "a path has no ? and no #"
        case .unmatchable(let byte): "a request path never has the byte 0x\(String(byte, radix: 16)) in a name"
        }
    }
}
