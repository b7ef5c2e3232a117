/// A growable block of raw memory with a read end and a write end.
///
/// Holds no memory until the first write, and `releaseStorage()` gives it back: an idle connection costs only these
/// three words. Not thread safe; the memory is freed with the value.
@usableFromInline
package struct ByteBuffer: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer?
    @usableFromInline var capacity: Int
    @usableFromInline var head: Int
    @usableFromInline var tail: Int

    @inlinable
    package init() {
        base = nil
        capacity = 0
        head = 0
        tail = 0
    }

    /// An empty buffer with room for `capacity` bytes.
    package init(capacity: Int) {
        self.init()
        reserve(capacity)
    }

    deinit {
        base?.deallocate()
    }

    /// The number of bytes that were written and not consumed yet.
    @inlinable
    package var count: Int { tail - head }

    @inlinable
    package var isEmpty: Bool { head == tail }

    /// The bytes that were written and not consumed yet; valid until the next mutation.
    @inlinable
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base.map { UnsafeRawPointer($0 + head) }, count: tail - head)
    }

    /// The free room behind the last byte; valid until the next mutation.
    @inlinable
    package var writableBytes: UnsafeMutableRawBufferPointer {
        mutating get { UnsafeMutableRawBufferPointer(start: base.map { $0 + tail }, count: capacity - tail) }
    }

    /// Makes room for `count` more bytes, moving or growing the storage where it must.
    @inlinable
    package mutating func reserve(_ count: Int) {
        if capacity - tail < count { grow(count) }
    }

    /// Counts `count` bytes, written into `writableBytes`, as content.
    @inlinable
    package mutating func didWrite(_ count: Int) {
        precondition(count >= 0 && count <= capacity - tail, "more was written than there was room for")
        tail += count
    }

    /// Drops the first `count` bytes.
    @inlinable
    package mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= tail - head, "more was consumed than was there")
        head += count
        if head == tail {
            head = 0
            tail = 0
        }
    }

    /// Drops the last `count` bytes.
    @inlinable
    package mutating func dropLast(_ count: Int) {
        precondition(count >= 0 && count <= tail - head, "more was dropped than was there")
        tail -= count
    }

    /// Drops the content and keeps the storage.
    @inlinable
    package mutating func removeAll() {
        head = 0
        tail = 0
    }

    /// Drops the content and frees the storage.
    package mutating func releaseStorage() {
        base?.deallocate()
        base = nil
        capacity = 0
        head = 0
        tail = 0
    }

    /// Moves the content to storage of its own size, when that gives back more than `slack` bytes.
    package mutating func trimStorage(slack: Int) {
        guard capacity - count > slack else { return }
        var trimmed = ByteBuffer()
        if !isEmpty {
            trimmed.base = .allocate(byteCount: count, alignment: 16)
            trimmed.capacity = count
            trimmed.append(bytes)
        }
        swap(&self, &trimmed)
    }

    @inlinable
    package mutating func append(_ source: UnsafeRawBufferPointer) {
        guard let start = source.baseAddress, source.count > 0 else { return }
        reserve(source.count)
        writableBytes.baseAddress?.copyMemory(from: start, byteCount: source.count)
        tail += source.count
    }

    @inlinable
    package mutating func append(byte: UInt8) {
        reserve(1)
        writableBytes[0] = byte
        tail += 1
    }

    /// Appends an ASCII or UTF-8 literal without making a `String`.
    @inlinable
    package mutating func append(_ literal: StaticString) {
        literal.withUTF8Buffer { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends the UTF-8 form of a string.
    @inlinable
    package mutating func append(string: String) {
        var string = string
        string.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    @inlinable
    package mutating func append(bytes array: [UInt8]) {
        array.withUnsafeBytes { append($0) }
    }

    /// Appends a number in decimal digits.
    package mutating func append(decimal value: Int) {
        if value < 0 { append(byte: UInt8(ascii: "-")) }
        appendDigits(UInt64(value.magnitude), radix: 10)
    }

    /// Appends a number in lower-case hexadecimal digits, without leading zeros.
    package mutating func append(hexadecimal value: UInt64) {
        appendDigits(value, radix: 16)
    }

    @usableFromInline
    mutating func grow(_ count: Int) {
        let content = tail - head
        precondition(count >= 0 && count < Int.max / 4, "an impossible size was asked for")
        if capacity >= content + count, head >= capacity / 2, let base {
            base.copyMemory(from: base + head, byteCount: content)
        } else {
            var wanted = max(capacity * 2, 64)
            while wanted < content + count { wanted *= 2 }
            let fresh = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
            if let base {
                fresh.copyMemory(from: base + head, byteCount: content)
                base.deallocate()
            }
            base = fresh
            capacity = wanted
        }
        head = 0
        tail = content
    }

    private mutating func appendDigits(_ value: UInt64, radix: UInt64) {
        reserve(20)
        var divisor: UInt64 = 1
        while value / divisor >= radix { divisor *= radix }
        while divisor > 0 {
            let digit = UInt8(value / divisor % radix)
            append(byte: digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            divisor /= radix
        }
    }
}
