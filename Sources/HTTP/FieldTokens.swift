import Bytes

/// The members of a comma-separated list without the white space around them; empty ones are left out (RFC 9110 §5.6.1).
@usableFromInline
package struct FieldTokens: Sequence, IteratorProtocol {
    @usableFromInline let value: UnsafeRawBufferPointer
    @usableFromInline var start = 0

    /// A walk over the value, which must outlive it.
    @inlinable
    package init(_ value: UnsafeRawBufferPointer) {
        self.value = value
    }

    @inlinable
    package mutating func next() -> UnsafeRawBufferPointer? {
        while start < value.count {
            let end = value.firstOffset(of: UInt8(ascii: ","), from: start) ?? value.count
            let member = value.slice(start..<end).trimmed
            start = end &+ 1
            if !member.isEmpty { return member }
        }
        return nil
    }
}
