/// The secret start of the hash by which tokens are found again.
///
/// Only tokens with a good signature are inserted, so a fast hash that nobody outside can compute suffices; equal
/// hashes are told apart by the bytes.
package struct TokenHashSeed: Sendable {
    private let first: UInt64
    private let second: UInt64

    /// A seed of two random numbers.
    package init(_ first: UInt64, _ second: UInt64) {
        self.first = first
        self.second = second
    }

    /// Folds 16 bytes at a time into a 64-bit state by a full multiplication.
    func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var state = first ^ UInt64(truncatingIfNeeded: bytes.count)
        var offset = 0
        while bytes.count &- offset >= 16 {
            state = Self.mix(Self.word(bytes, offset) ^ second, Self.word(bytes, offset &+ 8) ^ state)
            offset &+= 16
        }
        var low: UInt64 = 0
        var high: UInt64 = 0
        if bytes.count &- offset >= 8 {
            low = Self.word(bytes, offset)
            offset &+= 8
        }
        while offset < bytes.count {
            high = high << 8 | UInt64(bytes[offset])
            offset &+= 1
        }
        state = Self.mix(low ^ second, high ^ state)
        return Self.mix(state ^ first, Self.finalFactor)
    }

    /// Whether both are the same bytes, a word at a time.
    static func equals(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        var offset = 0
        while left.count &- offset >= 8 {
            if word(left, offset) != word(right, offset) { return false }
            offset &+= 8
        }
        while offset < left.count {
            if left[offset] != right[offset] { return false }
            offset &+= 1
        }
        return true
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    private static let finalFactor: UInt64 = 0x9E37_79B9_7F4A_7C15
}
