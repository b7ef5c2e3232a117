import Bytes

// Outgoing fields are kept as HTTP/1 sends them, in one buffer that goes out with a single copy. No name holds a colon
// and no value a line end, so the fields can still be told apart: that is how HTTP/2 encodes them anew.

/// Outgoing fields as `Name: value` lines.
///
/// Names and values must be well-formed, which debug builds check: values of a peer come out of a parser here, others are
/// checked when the configuration is read.
@usableFromInline
package struct FieldBlock: ~Copyable {
    /// The lines' memory, for those who write well-formed lines into it themselves.
    @usableFromInline package var buffer: ByteBuffer

    /// A block without memory.
    package init() {
        buffer = ByteBuffer()
    }

    package init(capacity: Int) {
        buffer = ByteBuffer(capacity: capacity)
    }

    /// All lines, each with its line end; without the empty line that ends a head.
    @inlinable
    package var bytes: UnsafeRawBufferPointer { buffer.bytes }

    @inlinable
    package var isEmpty: Bool { buffer.isEmpty }

    /// Forgets all fields and keeps the memory.
    package mutating func removeAll() {
        buffer.removeAll()
    }

    package mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        assert(FieldSyntax.isToken(name) && FieldSyntax.isValue(value), "a field is malformed")
        let count = name.count + value.count + 4
        buffer.reserve(count)
        guard var place = buffer.writableBytes.baseAddress else { return }
        if let start = name.baseAddress { place.copyMemory(from: start, byteCount: name.count) }
        place += name.count
        place.storeBytes(of: 0x203A, as: UInt16.self)  // ": "
        if let start = value.baseAddress { (place + 2).copyMemory(from: start, byteCount: value.count) }
        place += value.count + 2
        place.storeBytes(of: 0x0A0D, as: UInt16.self)  // CR LF
        buffer.didWrite(count)
    }

    package mutating func append(name: StaticString, value: UnsafeRawBufferPointer) {
        name.withUTF8Buffer { append(name: UnsafeRawBufferPointer($0), value: value) }
    }

    package mutating func append(name: StaticString, value: StaticString) {
        value.withUTF8Buffer { append(name: name, value: UnsafeRawBufferPointer($0)) }
    }

    package mutating func append(name: StaticString, value: [UInt8]) {
        value.withUnsafeBytes { append(name: name, value: $0) }
    }

    package mutating func append(name: StaticString, value: String) {
        var value = value
        value.withUTF8 { append(name: name, value: UnsafeRawBufferPointer($0)) }
    }

    package mutating func append(name: StaticString, decimal value: Int) {
        begin(name: name)
        buffer.append(decimal: value)
        end()
    }

    /// Appends a field as it came.
    package mutating func append(_ fields: FieldList, at index: Int) {
        append(name: fields.name(index), value: fields.value(index))
    }

    /// Appends lines that were made before, such as those of the configuration; each has its line end.
    package mutating func append(lines: UnsafeRawBufferPointer) {
        buffer.append(lines)
    }

    /// Starts a field whose value is put together by `appendValue`; `end()` must follow.
    package mutating func begin(name: StaticString) {
        buffer.append(name)
        buffer.append(": ")
    }

    /// Starts a field whose value is put together by `appendValue`; `end()` must follow.
    package mutating func begin(name: UnsafeRawBufferPointer) {
        assert(FieldSyntax.isToken(name), "a field name is malformed")
        buffer.append(name)
        buffer.append(": ")
    }

    package mutating func appendValue(_ part: UnsafeRawBufferPointer) {
        buffer.append(part)
    }

    package mutating func appendValue(_ part: StaticString) {
        buffer.append(part)
    }

    package mutating func appendValue(string part: String) {
        buffer.append(string: part)
    }

    package mutating func appendValue(decimal part: Int) {
        buffer.append(decimal: part)
    }

    /// Ends a field that `begin` started.
    package mutating func end() {
        buffer.append("\r\n")
        assert(lastValueIsValid, "a field value is malformed")
    }

    /// Calls the function with the name and the value of each field in order.
    package func forEachField(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void) {
        let bytes = buffer.bytes
        var start = 0
        while let colon = bytes.firstOffset(of: UInt8(ascii: ":"), from: start),
            let end = bytes.firstOffset(of: 0x0D, from: colon)
        {
            body(bytes.slice(start..<colon), bytes.slice((colon + 1)..<end).trimmed)
            start = end + 2
        }
    }

    /// Whether the value of the last line could stand in a field line.
    private var lastValueIsValid: Bool {
        let bytes = buffer.bytes
        let line = bytes.slice(0..<max(bytes.count - 2, 0))
        let start = line.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        guard let colon = line.firstOffset(of: UInt8(ascii: ":"), from: start) else { return false }
        return FieldSyntax.isValue(line.slice((colon + 1)..<line.count).trimmed)
    }
}
