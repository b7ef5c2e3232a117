import Bytes

/// Which of the four forms a request-target has (RFC 9112 §3.2).
@usableFromInline
package enum TargetForm: Sendable {
    case origin
    case absolute
    /// `host:port`, only of CONNECT.
    case authority
    /// `*`, only of OPTIONS.
    case asterisk
}

/// A request-target that was taken apart; the spans are of the memory of the head's fields.
struct RequestTarget {
    var form = TargetForm.origin
    var path = ByteSpan.empty
    var query: ByteSpan?
    var hasPathParameters = false
    /// The authority of the absolute form.
    var authority: ByteSpan?
    /// The port that the scheme of the absolute form stands for.
    var defaultPort: UInt16?

    /// Takes apart the target in the span, and puts a path that must change into the memory of the list.
    init(_ target: ByteSpan, method: HTTPMethod, in list: FieldList) throws(HTTPParseError) {
        let bytes = list.bytes(target)
        guard let first = bytes.first else { throw .malformedTarget }
        if first == UInt8(ascii: "/") {
            // Of CONNECT too, whose method is then the clearer reason to refuse it.
            try readPath(target, in: list)
        } else if method == .connect {
            guard Authority(bytes)?.port != nil else { throw .malformedTarget }
            form = .authority
        } else if first == UInt8(ascii: "*"), bytes.count == 1 {
            guard method == .options else { throw .malformedTarget }
            form = .asterisk
            path = target
        } else {
            try readAbsolute(target, method: method, in: list)
        }
    }

    /// RFC 9112 §3.2.2, of the schemes `http` and `https` only.
    private mutating func readAbsolute(
        _ target: ByteSpan,
        method: HTTPMethod,
        in list: FieldList
    ) throws(HTTPParseError) {
        let bytes = list.bytes(target)
        form = .absolute
        let start: Int
        if bytes.count > 7, bytes.slice(0..<7).equalsIgnoringCase("http://") {
            start = 7
            defaultPort = 80
        } else if bytes.count > 8, bytes.slice(0..<8).equalsIgnoringCase("https://") {
            start = 8
            defaultPort = 443
        } else {
            throw .malformedTarget
        }
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") { end += 1 }
        guard Authority(bytes.slice(start..<end)) != nil else { throw .malformedTarget }
        authority = ByteSpan(offset: Int(target.offset) + start, count: end - start)
        let rest = ByteSpan(offset: Int(target.offset) + end, count: bytes.count - end)
        if end < bytes.count, bytes[end] == UInt8(ascii: "/") {
            try readPath(rest, in: list)
        } else if end == bytes.count, method == .options {
            // RFC 9112 §3.2.4: OPTIONS of an authority without a path is OPTIONS of `*`.
            form = .asterisk
            path = copyPath("*", in: list)
        } else {
            // RFC 9112 §3.2.1: an empty path is `/`.
            if end < bytes.count { query = try checkedQuery(rest, from: 0, in: list) }
            path = copyPath("/", in: list)
        }
    }

    /// Reads `path[?query]` that starts with `/`; a path in its normal spelling already stays where it is.
    private mutating func readPath(_ target: ByteSpan, in list: FieldList) throws(HTTPParseError) {
        let bytes = list.bytes(target)
        let table = TargetTable.shared
        var isNormal = true
        var isAfterSlash = false
        var end = 0
        scan: while end < bytes.count {
            switch table.kind(bytes[end]) {
            case .plain: isAfterSlash = false
            case .slash:
                if isAfterSlash { isNormal = false }
                isAfterSlash = true
            case .dot:
                if isAfterSlash { isNormal = false }
                isAfterSlash = false
            case .percent, .escaped:
                isNormal = false
                isAfterSlash = false
            case .semicolon:
                hasPathParameters = true
                isAfterSlash = false
            case .question: break scan
            case .invalid: throw .malformedTarget
            case .backslash: throw .forbiddenPathCharacter
            }
            end &+= 1
        }
        if end < bytes.count { query = try checkedQuery(target, from: end, in: list) }
        path = ByteSpan(offset: Int(target.offset), count: end)
        if !isNormal { try normalizePath(in: list) }
    }

    private mutating func normalizePath(in list: FieldList) throws(HTTPParseError) {
        list.reserve(Int(path.count) * 3)
        let output = (list.base + list.used).assumingMemoryBound(to: UInt8.self)
        let outcome = try PathNormalizer.normalize(list.bytes(path), into: output)
        path = ByteSpan(offset: list.used, count: outcome.count)
        hasPathParameters = outcome.hasParameters
        list.used += outcome.count
    }

    /// The query behind the `?` at `start`; it is forwarded byte for byte, so only its bytes are checked.
    private func checkedQuery(
        _ target: ByteSpan,
        from start: Int,
        in list: FieldList
    ) throws(HTTPParseError) -> ByteSpan {
        let bytes = list.bytes(target)
        let table = TargetTable.shared
        var index = start
        while index < bytes.count {
            if table.kind(bytes[index]) == .invalid { throw .malformedTarget }
            index &+= 1
        }
        return ByteSpan(offset: Int(target.offset) + start + 1, count: bytes.count - start - 1)
    }

    private func copyPath(_ path: StaticString, in list: FieldList) -> ByteSpan {
        path.withUTF8Buffer { ByteSpan(offset: list.copy(UnsafeRawBufferPointer($0)), count: $0.count) }
    }
}
