import Bytes

// One walk over a field name checks its bytes (RFC 9110 §5.6.2 token), folds them and hashes what they fold to: letters
// to lower case, `_` and `.` to `-`, so that names which some server could take for each other have one hash. The hash
// then finds the name among those that have a `FieldName`, where case is ignored but `_` is not `-`.

/// The tables by which field names are checked, folded and recognised.
@usableFromInline
struct FieldNameTable: @unchecked Sendable {
    // SAFETY: the memory is written in `init` only, before the value is shared, and is never freed.

    /// For each byte: what it folds to, with the high bit where `_` or `.` became `-`; 0 where no token holds it.
    @usableFromInline let fold: UnsafePointer<UInt8>

    /// Raw values of `FieldName`, by the low bits of the hash, with linear probing; 0 is a free slot.
    private let slots: UnsafePointer<UInt8>

    /// The lower-case spellings by raw value, `stride` bytes each, the first of which is the length.
    private let spellings: UnsafePointer<UInt8>

    @usableFromInline static let shared = FieldNameTable()

    private static let slotCount = 1024
    private static let stride = 48

    private init() {
        let fold = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        fold.initialize(repeating: 0, count: 256)
        for byte in UInt8(0)..<0x80 where ASCII.isLetter(byte) || ASCII.isDigit(byte) {
            fold[Int(byte)] = ASCII.lowercased(byte)
        }
        for byte in "!#$%&'*+-^`|~".utf8 { fold[Int(byte)] = byte }
        for byte in "_.".utf8 { fold[Int(byte)] = UInt8(ascii: "-") | 0x80 }
        let slots = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.slotCount)
        slots.initialize(repeating: 0, count: Self.slotCount)
        let size = Self.stride * (FieldName.allCases.count + 1)
        let spellings = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
        spellings.initialize(repeating: 0, count: size)
        self.fold = UnsafePointer(fold)
        self.slots = UnsafePointer(slots)
        self.spellings = UnsafePointer(spellings)
        for name in FieldName.allCases where name != .other {
            name.spelling.withUTF8Buffer { spelling in
                precondition(spelling.count < Self.stride, "a field name is longer than its place in the table")
                let place = spellings + Int(name.rawValue) * Self.stride
                place[0] = UInt8(spelling.count)
                for (index, byte) in spelling.enumerated() { place[index + 1] = ASCII.lowercased(byte) }
                var slot = Int(scan(UnsafeRawBufferPointer(spelling)).hash) & (Self.slotCount - 1)
                while slots[slot] != 0 { slot = (slot + 1) & (Self.slotCount - 1) }
                slots[slot] = name.rawValue
            }
        }
    }

    /// What one walk over a name found.
    @usableFromInline
    struct Scan {
        /// How many bytes at the start are token bytes.
        @usableFromInline var count: Int
        @usableFromInline var hash: UInt32
        @usableFromInline var name: FieldName
        /// Whether a `_` or `.` was among them.
        @usableFromInline var isFolded: Bool
    }

    /// Walks over the token at the start of these bytes.
    @usableFromInline
    func scan(_ bytes: UnsafeRawBufferPointer) -> Scan {
        guard let base = bytes.baseAddress else { return Scan(count: 0, hash: 0, name: .other, isFolded: false) }
        var state: UInt64 = 0
        var flags: UInt8 = 0
        var count = 0
        while count < bytes.count {
            let folded = fold[Int(base.load(fromByteOffset: count, as: UInt8.self))]
            if folded == 0 { break }
            flags |= folded
            state = (state << 7 | state >> 57) ^ UInt64(folded & 0x7F)
            count &+= 1
        }
        let hash = UInt32(truncatingIfNeeded: (state &* 0x9E37_79B9_7F4A_7C15) >> 32)
        let isFolded = flags & 0x80 != 0
        let name = isFolded ? .other : recognise(base, count: count, hash: hash)
        return Scan(count: count, hash: hash, name: name, isFolded: isFolded)
    }

    @inline(__always)
    private func recognise(_ name: UnsafeRawPointer, count: Int, hash: UInt32) -> FieldName {
        var slot = Int(hash) & (Self.slotCount - 1)
        while slots[slot] != 0 {
            let raw = slots[slot]
            let place = spellings + Int(raw) * Self.stride
            if Int(place[0]) == count, matches(name, place + 1, count: count) {
                return FieldName(rawValue: raw) ?? .other
            }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        return .other
    }

    /// Whether a token is this spelling, which has lower-case letters, digits and `-` only.
    ///
    /// Setting bit 5 in each byte ignores the case of letters, and no other token byte becomes one of those by it.
    @inline(__always)
    private func matches(_ name: UnsafeRawPointer, _ spelling: UnsafePointer<UInt8>, count: Int) -> Bool {
        let spelling = UnsafeRawPointer(spelling)
        let bit: UInt64 = 0x2020_2020_2020_2020
        var index = 0
        while index &+ 8 <= count {
            let word = name.loadUnaligned(fromByteOffset: index, as: UInt64.self) | bit
            if word != spelling.loadUnaligned(fromByteOffset: index, as: UInt64.self) { return false }
            index &+= 8
        }
        while index < count {
            let byte = name.load(fromByteOffset: index, as: UInt8.self) | 0x20
            if byte != spelling.load(fromByteOffset: index, as: UInt8.self) { return false }
            index &+= 1
        }
        return true
    }
}
