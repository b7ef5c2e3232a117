/// A set of small numbers; comparing sets under 64 touches no heap.
package struct BitSet: Sendable, Equatable {
    private var low: UInt64 = 0
    /// The bits from 64 on, without trailing zero words, so that equal sets are equal values.
    private var high: [UInt64] = []

    package init() {}

    package init(_ elements: some Sequence<Int>) {
        for element in elements { insert(element) }
    }

    package var isEmpty: Bool { low == 0 && high.isEmpty }

    package mutating func insert(_ element: Int) {
        precondition(element >= 0, "elements are indices")
        guard element >= 64 else {
            low |= 1 << UInt64(element)
            return
        }
        let word = element / 64 - 1
        while high.count <= word { high.append(0) }
        high[word] |= 1 << UInt64(element % 64)
    }

    package mutating func formUnion(_ other: BitSet) {
        low |= other.low
        while high.count < other.high.count { high.append(0) }
        for (word, bits) in other.high.enumerated() { high[word] |= bits }
    }

    package func contains(_ element: Int) -> Bool {
        guard element >= 64 else { return element >= 0 && low & (1 << UInt64(element)) != 0 }
        let word = element / 64 - 1
        return word < high.count && high[word] & (1 << UInt64(element % 64)) != 0
    }

    /// Whether every element of the other is in this set.
    package func isSuperset(of other: BitSet) -> Bool {
        guard other.low & ~low == 0, other.high.count <= high.count else { return false }
        for word in 0..<other.high.count where other.high[word] & ~high[word] != 0 { return false }
        return true
    }

    /// Whether the sets share an element.
    package func intersects(_ other: BitSet) -> Bool {
        if low & other.low != 0 { return true }
        for word in 0..<min(high.count, other.high.count) where high[word] & other.high[word] != 0 { return true }
        return false
    }
}
