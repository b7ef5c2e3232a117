import Bytes

/// Reads field lines up to the empty line that ends them (RFC 9112 §5), whether they come at once or byte by byte.
///
/// Offsets are those of the input, which starts at the same byte in each call and only grows.
struct FieldSectionParser {
    /// Where the first field line starts.
    private var start: Int
    /// Where the line that is not complete yet starts.
    private var lineStart: Int
    /// Everything before this offset was searched for a line end.
    private var searched: Int
    /// How far behind its place in the input a byte will stand in the memory of the list.
    private var shift: Int
    private var fieldCount: Int

    init(start: Int = 0, shift: Int = 0) {
        self.start = start
        self.shift = shift
        lineStart = start
        searched = start
        fieldCount = 0
    }

    /// Reads on and places fields in the list; the result is the offset behind the empty line, or nil without that.
    ///
    /// The fields do not count before `store` or `publish` says that the memory of the list holds their bytes.
    mutating func parse(
        _ input: UnsafeRawBufferPointer,
        into list: FieldList,
        limits: HTTPLimits
    ) throws(HTTPParseError) -> Int? {
        guard let base = input.baseAddress else { return nil }
        let end = input.count
        let table = FieldNameTable.shared
        while lineStart < end {
            let first = base.load(fromByteOffset: lineStart, as: UInt8.self)
            // RFC 9112 §5.2 (obs-fold) and §2.2 (white space before the first field).
            if first == 0x20 || first == 0x09 { throw .foldedLine }
            guard let lineEnd = try LineScanner.endOfLine(base, searched: &searched, to: end) else { break }
            if lineEnd == lineStart { return lineEnd &+ 2 }
            if lineEnd &+ 2 &- start > limits.headerSize { throw .fieldsTooLarge }
            if fieldCount == limits.headerCount { throw .tooManyFields }
            try list.place(entry(base, from: lineStart, to: lineEnd, table), at: fieldCount)
            fieldCount &+= 1
            lineStart = lineEnd &+ 2
            searched = lineStart
        }
        if searched &- start > limits.headerSize { throw .fieldsTooLarge }
        return nil
    }

    /// Copies a section that was read into the memory of the list, where its fields then count.
    func store(_ input: UnsafeRawBufferPointer, in list: FieldList) {
        _ = list.copy(input.slice(start..<lineStart))
        list.publish(count: fieldCount)
    }

    /// Counts the fields of a section that was read from the memory of the list itself.
    func publish(in list: FieldList) {
        list.publish(count: fieldCount)
    }

    @inline(__always)
    private func entry(
        _ base: UnsafeRawPointer,
        from start: Int,
        to end: Int,
        _ table: FieldNameTable
    ) throws(HTTPParseError) -> FieldEntry {
        let name = table.scan(UnsafeRawBufferPointer(start: base + start, count: end &- start))
        let colon = start &+ name.count
        let separator = colon < end ? base.load(fromByteOffset: colon, as: UInt8.self) : 0
        guard separator == UInt8(ascii: ":"), name.count > 0 else {
            // RFC 9112 §5.1: a server must refuse white space between name and colon.
            throw separator == 0x20 || separator == 0x09 ? .spaceBeforeColon : .invalidFieldName
        }
        var valueStart = colon &+ 1
        var valueEnd = end
        while valueStart < valueEnd, isSpace(base, valueStart) { valueStart &+= 1 }
        while valueEnd > valueStart, isSpace(base, valueEnd &- 1) { valueEnd &-= 1 }
        return FieldEntry(
            nameOffset: UInt32(truncatingIfNeeded: start &+ shift),
            nameCount: UInt32(truncatingIfNeeded: name.count),
            valueOffset: UInt32(truncatingIfNeeded: valueStart &+ shift),
            valueCount: UInt32(truncatingIfNeeded: valueEnd &- valueStart),
            hash: name.hash,
            name: name.name,
            isFolded: name.isFolded
        )
    }

    @inline(__always)
    private func isSpace(_ base: UnsafeRawPointer, _ offset: Int) -> Bool {
        let byte = base.load(fromByteOffset: offset, as: UInt8.self)
        return byte == 0x20 || byte == 0x09
    }
}
