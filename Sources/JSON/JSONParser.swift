import Bytes

// How it works: recursive descent over the raw bytes, each read guarded by the end, depth bounded by the caller. A raw
// line feed is legal only between tokens (RFC 8259 §7 forbids it in strings), so lines are counted while white space and
// comments are skipped, and every position is known without a second pass.

/// The strict JSON parser: for the configuration, and for the headers and claims of tokens (RFC 8259).
///
/// Beyond the grammar it refuses what two parsers could read in two ways: repeated members, invalid UTF-8, lone
/// surrogates, a byte order mark and anything after the value. It takes linear time and never traps.
package enum JSONParser {
    /// Parses a whole text.
    ///
    /// - Parameters:
    ///   - comments: whether `//` and `/* */` count as white space.
    ///   - maximumDepth: how many arrays and objects may lie within each other, at most 512.
    /// - Throws: the first fault.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer,
        comments: Bool = false,
        maximumDepth: Int = 32
    ) throws(JSONError) -> JSONNode {
        var reader = JSONReader(bytes: bytes, comments: comments, maximumDepth: min(maximumDepth, 512))
        return try reader.parseText()
    }

    package static func parse(
        _ bytes: [UInt8],
        comments: Bool = false,
        maximumDepth: Int = 32
    ) throws(JSONError) -> JSONNode {
        let result: Result<JSONNode, JSONError> = bytes.withUnsafeBytes { raw in
            do throws(JSONError) {
                return .success(try parse(raw, comments: comments, maximumDepth: maximumDepth))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

struct JSONReader {
    let bytes: UnsafeRawBufferPointer
    let comments: Bool
    let maximumDepth: Int
    var offset = 0
    private var depth = 0
    private var line = 1
    private var lineStart = 0

    init(bytes: UnsafeRawBufferPointer, comments: Bool, maximumDepth: Int) {
        self.bytes = bytes
        self.comments = comments
        self.maximumDepth = maximumDepth
    }

    /// The next byte, or nil at the end.
    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    var position: JSONPosition { position(at: offset) }

    /// The position of an offset in the current line.
    func position(at offset: Int) -> JSONPosition {
        JSONPosition(offset: offset, line: line, column: offset - lineStart + 1)
    }

    func failure(_ reason: JSONError.Reason, at offset: Int? = nil) -> JSONError {
        JSONError(reason: reason, position: position(at: offset ?? self.offset))
    }

    /// The error for the byte that stands here where something else had to.
    func unexpected(_ expected: String) -> JSONError {
        guard let next else { return failure(.unexpectedEnd) }
        return failure(.unexpectedByte(next, expected: expected))
    }

    mutating func parseText() throws(JSONError) -> JSONNode {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { throw failure(.byteOrderMark) }
        try skipSpace()
        let node = try parseValue()
        try skipSpace()
        guard next == nil else { throw failure(.trailingBytes) }
        return node
    }

    private mutating func parseValue() throws(JSONError) -> JSONNode {
        let start = position
        guard let byte = next else { throw failure(.unexpectedEnd) }
        let value: JSONValue
        switch byte {
        case UInt8(ascii: "{"): value = .object(try parseObject())
        case UInt8(ascii: "["): value = .array(try parseArray())
        case UInt8(ascii: "\""): value = .string(try parseString())
        case UInt8(ascii: "t"): value = try parseWord("true", as: .bool(true))
        case UInt8(ascii: "f"): value = try parseWord("false", as: .bool(false))
        case UInt8(ascii: "n"): value = try parseWord("null", as: .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): value = .number(try parseNumber())
        default: throw unexpected("a value")
        }
        return JSONNode(value: value, position: start)
    }

    private mutating func parseObject() throws(JSONError) -> [JSONMember] {
        try enter()
        var members: [JSONMember] = []
        var names: Set<String> = []
        try skipSpace()
        if take(UInt8(ascii: "}")) {
            depth -= 1
            return members
        }
        while true {
            guard next == UInt8(ascii: "\"") else { throw unexpected("a member's name in double quotes") }
            let namePosition = position
            let name = try parseString()
            guard !isRepeated(name, in: members, names: &names) else {
                throw JSONError(reason: .repeatedMember(name), position: namePosition)
            }
            try skipSpace()
            guard take(UInt8(ascii: ":")) else { throw unexpected("':'") }
            try skipSpace()
            members.append(JSONMember(name: name, namePosition: namePosition, value: try parseValue()))
            try skipSpace()
            if take(UInt8(ascii: "}")) { break }
            guard take(UInt8(ascii: ",")) else { throw unexpected("',' or '}'") }
            try skipSpace()
        }
        depth -= 1
        return members
    }

    /// Whether the object has the name already; RFC 8259 §4 leaves open what it would mean.
    ///
    /// A few names are compared one by one, more by a set, so that 100,000 members stay linear. Swift's equality also
    /// refuses two spellings of one name that differ only in their Unicode normal form.
    private func isRepeated(_ name: String, in members: [JSONMember], names: inout Set<String>) -> Bool {
        guard members.count >= 8 else { return members.contains { $0.name == name } }
        if names.isEmpty { names = Set(members.map(\.name)) }
        return !names.insert(name).inserted
    }

    private mutating func parseArray() throws(JSONError) -> [JSONNode] {
        try enter()
        var elements: [JSONNode] = []
        try skipSpace()
        if take(UInt8(ascii: "]")) {
            depth -= 1
            return elements
        }
        while true {
            elements.append(try parseValue())
            try skipSpace()
            if take(UInt8(ascii: "]")) { break }
            guard take(UInt8(ascii: ",")) else { throw unexpected("',' or ']'") }
            try skipSpace()
        }
        depth -= 1
        return elements
    }

    private mutating func enter() throws(JSONError) {
        guard depth < maximumDepth else { throw failure(.tooDeep(limit: maximumDepth)) }
        depth += 1
        offset += 1
    }

    private mutating func parseWord(_ word: StaticString, as value: JSONValue) throws(JSONError) -> JSONValue {
        let end = offset + word.utf8CodeUnitCount
        guard end <= bytes.count, bytes.slice(offset..<end).equals(word) else { throw unexpected("a value") }
        offset = end
        return value
    }

    /// RFC 8259 §6: no leading zero, no plus sign, digits on both sides of the point.
    private mutating func parseNumber() throws(JSONError) -> JSONNumber {
        let start = offset
        _ = take(UInt8(ascii: "-"))
        if take(UInt8(ascii: "0")) {
            if let next, ASCII.isDigit(next) { throw failure(.invalidNumber, at: start) }
        } else {
            guard skipDigits() else { throw failure(.invalidNumber, at: start) }
        }
        if take(UInt8(ascii: ".")) {
            guard skipDigits() else { throw failure(.invalidNumber, at: start) }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard skipDigits() else { throw failure(.invalidNumber, at: start) }
        }
        return JSONNumber(validated: bytes.slice(start..<offset).text)
    }

    private mutating func skipDigits() -> Bool {
        let start = offset
        while let next, ASCII.isDigit(next) { offset += 1 }
        return offset > start
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    private mutating func skipSpace() throws(JSONError) {
        while let next {
            switch next {
            case 0x20, 0x09, 0x0D: offset += 1
            case 0x0A: countLine()
            case UInt8(ascii: "/"): try skipComment()
            default: return
            }
        }
    }

    private mutating func countLine() {
        offset += 1
        line += 1
        lineStart = offset
    }

    private mutating func skipComment() throws(JSONError) {
        let start = position
        let second = offset + 1 < bytes.count ? bytes[offset + 1] : 0
        guard second == UInt8(ascii: "/") || second == UInt8(ascii: "*") else { throw unexpected("a value") }
        guard comments else { throw failure(.comment) }
        offset += 2
        if second == UInt8(ascii: "/") {
            while let next, next != 0x0A { offset += 1 }
            return
        }
        while let next {
            if next == 0x0A {
                countLine()
            } else if next == UInt8(ascii: "*"), offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "/") {
                offset += 2
                return
            } else {
                offset += 1
            }
        }
        throw JSONError(reason: .unterminatedComment, position: start)
    }
}
