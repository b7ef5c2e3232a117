import Bytes
import HTTP

/// A small map from field names, with case ignored and `_`, `.` and `-` taken as the same.
///
/// Open addressing over the hash that the parser made of each name; at most a quarter full, so that a name that is not
/// in it costs one probe.
struct FoldedNameTable<Value: Sendable>: Sendable {
    /// Hashes with a bit that makes them different from 0, which is a free slot.
    private var hashes: [UInt64] = Array(repeating: 0, count: 8)
    /// For each slot the place in the arrays below.
    private var places: [Int] = Array(repeating: 0, count: 8)
    private var names: [[UInt8]] = []
    private var values: [Value] = []

    var isEmpty: Bool { names.isEmpty }

    /// Sets the value for a name, in place of an earlier one.
    mutating func set(_ name: String, to value: Value) {
        let bytes = Array(name.utf8)
        let hash = bytes.withUnsafeBytes { FieldSyntax.foldedHash($0) }
        if let place = bytes.withUnsafeBytes({ place(of: $0, hash: hash) }) {
            values[place] = value
            return
        }
        if (names.count + 1) * 4 > hashes.count { grow() }
        insert(FoldedNameTable.key(hash), place: names.count)
        names.append(bytes)
        values.append(value)
    }

    /// The value for the name of a field, whose hash its list knows.
    func value(for name: UnsafeRawBufferPointer, hash: UInt32) -> Value? {
        place(of: name, hash: hash).map { values[$0] }
    }

    /// The value for a name.
    func value(for name: String) -> Value? {
        Array(name.utf8).withUnsafeBytes { value(for: $0, hash: FieldSyntax.foldedHash($0)) }
    }

    func contains(_ name: UnsafeRawBufferPointer, hash: UInt32) -> Bool { place(of: name, hash: hash) != nil }

    private func place(of name: UnsafeRawBufferPointer, hash: UInt32) -> Int? {
        let key = FoldedNameTable.key(hash)
        let mask = hashes.count &- 1
        var slot = Int(hash) & mask
        while hashes[slot] != 0 {
            if hashes[slot] == key {
                let place = places[slot]
                if names[place].withUnsafeBytes({ FieldSyntax.foldedEqual($0, name) }) { return place }
            }
            slot = (slot &+ 1) & mask
        }
        return nil
    }

    private mutating func insert(_ key: UInt64, place: Int) {
        let mask = hashes.count - 1
        var slot = Int(UInt32(truncatingIfNeeded: key)) & mask
        while hashes[slot] != 0 { slot = (slot + 1) & mask }
        hashes[slot] = key
        places[slot] = place
    }

    private mutating func grow() {
        let old = zip(hashes, places).filter { $0.0 != 0 }
        hashes = Array(repeating: 0, count: hashes.count * 2)
        places = Array(repeating: 0, count: hashes.count)
        for (key, place) in old { insert(key, place: place) }
    }

    private static func key(_ hash: UInt32) -> UInt64 { 1 << 32 | UInt64(hash) }
}
