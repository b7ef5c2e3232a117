/// ASCII letters, digits and comparisons over single bytes.
@usableFromInline
package enum ASCII {
    /// The byte with `A`–`Z` made lower case.
    @inlinable
    package static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    @inlinable
    package static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inlinable
    package static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// The value of a hexadecimal digit in either case, or nil.
    @inlinable
    package static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }
}

extension UnsafeRawBufferPointer {
    /// Whether these bytes are exactly those of the literal.
    @inlinable
    package func equals(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        return literal.withUTF8Buffer { equals(UnsafeRawBufferPointer($0)) }
    }

    /// Whether these bytes are exactly the others.
    @inlinable
    package func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while index < count {
            if self[index] != other[index] { return false }
            index &+= 1
        }
        return true
    }

    /// Whether these bytes are those of the literal, which is in lower case, with ASCII case ignored.
    @inlinable
    package func equalsIgnoringCase(_ lowercaseLiteral: StaticString) -> Bool {
        guard count == lowercaseLiteral.utf8CodeUnitCount else { return false }
        return lowercaseLiteral.withUTF8Buffer { literal in
            var index = 0
            while index < count {
                if ASCII.lowercased(self[index]) != literal[index] { return false }
                index &+= 1
            }
            return true
        }
    }

    /// The bytes in a range of offsets, as a buffer of its own.
    @inlinable
    package func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range])
    }

    /// These bytes without spaces and tabs at both ends (RFC 9110 §5.6.3 OWS).
    @inlinable
    package var trimmed: UnsafeRawBufferPointer {
        var start = 0
        var end = count
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start &+= 1 }
        while end > start, self[end &- 1] == 0x20 || self[end &- 1] == 0x09 { end &-= 1 }
        return slice(start..<end)
    }

    /// The offset of the first byte with this value, at or after `start`.
    @inlinable
    package func firstOffset(of byte: UInt8, from start: Int = 0) -> Int? {
        var index = start
        while index < count {
            if self[index] == byte { return index }
            index &+= 1
        }
        return nil
    }

    /// These bytes as a string; bytes that are not UTF-8 become U+FFFD.
    package var text: String { String(decoding: self, as: UTF8.self) }
}
