import Bytes

/// Confined to its event loop: fields in the order in which they came, over one block of memory that they share.
///
/// Made to be used again: `reset()` forgets everything and keeps the memory. Buffers that accessors return are valid
/// until the next mutation.
@usableFromInline
package final class FieldList {
    @exclusivity(unchecked) @usableFromInline var base: UnsafeMutableRawPointer
    @exclusivity(unchecked) @usableFromInline var capacity: Int
    /// How much of the memory is in use: field lines, and what a head keeps beside them.
    @exclusivity(unchecked) @usableFromInline var used = 0
    @exclusivity(unchecked) @usableFromInline var entries: UnsafeMutablePointer<FieldEntry>
    @exclusivity(unchecked) @usableFromInline var entryCapacity: Int
    /// The number of fields.
    @exclusivity(unchecked) @usableFromInline package internal(set) var count = 0
    /// One bit for each `FieldName` that is there.
    @exclusivity(unchecked) @usableFromInline var present: (UInt64, UInt64) = (0, 0)

    /// More memory than this is given back by `reset()`, so that one large head does not stay in a pool.
    private static let keptCapacity = 16 << 10

    package init(capacity: Int = 1024, fieldCapacity: Int = 24) {
        self.capacity = max(capacity, 64)
        base = .allocate(byteCount: self.capacity, alignment: 16)
        entryCapacity = max(fieldCapacity, 4)
        entries = .allocate(capacity: entryCapacity)
    }

    deinit {
        base.deallocate()
        entries.deallocate()
    }

    /// Forgets all fields.
    package func reset() {
        used = 0
        count = 0
        present = (0, 0)
        if capacity > Self.keptCapacity {
            base.deallocate()
            capacity = 1024
            base = .allocate(byteCount: capacity, alignment: 16)
        }
    }

    /// Gives back the memory that the fields do not use, for a list that may be kept for hours.
    package func releaseUnusedStorage() {
        let wanted = max(used, 64)
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
        fresh.copyMemory(from: base, byteCount: used)
        base.deallocate()
        base = fresh
        capacity = wanted
        replaceEntries(count, capacity: max(count, 4))
    }

    @inlinable
    package var isEmpty: Bool { count == 0 }

    /// The name as it was sent.
    @inlinable
    package func name(_ index: Int) -> UnsafeRawBufferPointer {
        let entry = entry(index)
        return UnsafeRawBufferPointer(start: base + Int(entry.nameOffset), count: Int(entry.nameCount))
    }

    /// The value without white space at its ends.
    @inlinable
    package func value(_ index: Int) -> UnsafeRawBufferPointer {
        let entry = entry(index)
        return UnsafeRawBufferPointer(start: base + Int(entry.valueOffset), count: Int(entry.valueCount))
    }

    /// What the name is known as.
    @inlinable
    package func fieldName(_ index: Int) -> FieldName { entry(index).name }

    /// The hash of the name with case ignored and `_` and `.` taken as `-`.
    @inlinable
    package func foldedHash(_ index: Int) -> UInt32 { entry(index).hash }

    /// Whether the name contains `_`, which some servers take for `-`.
    @inlinable
    package func nameHasUnderscore(_ index: Int) -> Bool {
        entry(index).isFolded && name(index).firstOffset(of: UInt8(ascii: "_")) != nil
    }

    /// Whether a field of this name is there; not for `other`.
    @inlinable
    package func contains(_ name: FieldName) -> Bool {
        let bit = UInt64(1) &<< UInt64(name.rawValue & 63)
        return (name.rawValue < 64 ? present.0 : present.1) & bit != 0
    }

    /// The place of the first field of this name at or after `start`; not for `other`.
    @inlinable
    package func firstIndex(of name: FieldName, from start: Int = 0) -> Int? {
        guard contains(name) else { return nil }
        var index = start
        while index < count {
            if entries[index].name == name { return index }
            index &+= 1
        }
        return nil
    }

    /// The value of the first field of this name; not for `other`.
    @inlinable
    package func value(of name: FieldName) -> UnsafeRawBufferPointer? {
        firstIndex(of: name).map { value($0) }
    }

    /// How many fields have this name; not for `other`.
    @inlinable
    package func count(of name: FieldName) -> Int {
        guard contains(name) else { return 0 }
        var found = 0
        for index in 0..<count where entries[index].name == name { found &+= 1 }
        return found
    }

    /// Whether the list that all fields of this name make contains a token, in any case (RFC 9110 §5.6.1).
    package func hasToken(_ name: FieldName, _ lowercaseToken: StaticString) -> Bool {
        var next = firstIndex(of: name)
        while let index = next {
            for token in FieldTokens(value(index)) where token.equalsIgnoringCase(lowercaseToken) { return true }
            next = firstIndex(of: name, from: index + 1)
        }
        return false
    }

    /// Adds a copy of a field at the end.
    ///
    /// - Throws: `.invalidFieldName` or `.controlCharacter` if it could not stand in a field line.
    package func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) throws(HTTPParseError) {
        let value = value.trimmed
        let scan = FieldNameTable.shared.scan(name)
        guard scan.count == name.count, !name.isEmpty else { throw .invalidFieldName }
        guard FieldSyntax.isValue(value) else { throw .controlCharacter }
        let nameOffset = copy(name)
        let valueOffset = copy(value)
        append(
            FieldEntry(
                nameOffset: UInt32(nameOffset),
                nameCount: UInt32(name.count),
                valueOffset: UInt32(valueOffset),
                valueCount: UInt32(value.count),
                hash: scan.hash,
                name: scan.name,
                isFolded: scan.isFolded
            )
        )
    }

    /// Removes the fields that a rule names, and keeps the order of the others.
    package func removeAll(where isRemoved: (FieldName, UnsafeRawBufferPointer) -> Bool) {
        var kept = 0
        present = (0, 0)
        for index in 0..<count where !isRemoved(entries[index].name, name(index)) {
            entries[kept] = entries[index]
            note(entries[kept].name)
            kept += 1
        }
        count = kept
    }
}

/// Where one field stands in the memory of its list.
@usableFromInline
struct FieldEntry {
    @usableFromInline var nameOffset: UInt32
    @usableFromInline var nameCount: UInt32
    @usableFromInline var valueOffset: UInt32
    @usableFromInline var valueCount: UInt32
    @usableFromInline var hash: UInt32
    @usableFromInline var name: FieldName
    @usableFromInline var isFolded: Bool

    @usableFromInline
    init(
        nameOffset: UInt32,
        nameCount: UInt32,
        valueOffset: UInt32,
        valueCount: UInt32,
        hash: UInt32,
        name: FieldName,
        isFolded: Bool
    ) {
        self.nameOffset = nameOffset
        self.nameCount = nameCount
        self.valueOffset = valueOffset
        self.valueCount = valueCount
        self.hash = hash
        self.name = name
        self.isFolded = isFolded
    }
}

extension FieldList {
    @inlinable
    func entry(_ index: Int) -> FieldEntry {
        precondition(index >= 0 && index < count, "there is no such field")
        return entries[index]
    }

    /// Adds an entry for bytes that are in the memory.
    private func append(_ entry: FieldEntry) {
        place(entry, at: count)
        publish(count: count + 1)
    }

    /// Puts an entry at its place without counting it yet: its bytes may still be on their way.
    @inline(__always)
    func place(_ entry: FieldEntry, at index: Int) {
        if index == entryCapacity { growEntries(index) }
        entries[index] = entry
    }

    /// Counts entries that were placed, once the memory holds their bytes.
    @inline(__always)
    func publish(count published: Int) {
        for index in count..<published { note(entries[index].name) }
        count = published
    }

    /// Copies bytes behind those in use and returns their offset.
    @inline(__always)
    func copy(_ bytes: UnsafeRawBufferPointer) -> Int {
        let offset = used
        reserve(bytes.count)
        if let start = bytes.baseAddress { (base + offset).copyMemory(from: start, byteCount: bytes.count) }
        used = offset &+ bytes.count
        return offset
    }

    /// Makes room for `size` more bytes.
    @inline(__always)
    func reserve(_ size: Int) {
        if capacity &- used < size { grow(size) }
    }

    /// The bytes of a span.
    @inlinable
    func bytes(_ span: ByteSpan) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + Int(span.offset), count: Int(span.count))
    }

    @inline(__always)
    private func note(_ name: FieldName) {
        let bit = UInt64(1) &<< UInt64(name.rawValue & 63)
        if name.rawValue < 64 { present.0 |= bit } else { present.1 |= bit }
    }

    @inline(never)
    private func grow(_ size: Int) {
        var wanted = capacity * 2
        while wanted - used < size { wanted *= 2 }
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
        fresh.copyMemory(from: base, byteCount: used)
        base.deallocate()
        base = fresh
        capacity = wanted
    }

    @inline(never)
    private func growEntries(_ placed: Int) {
        replaceEntries(placed, capacity: entryCapacity * 2)
    }

    private func replaceEntries(_ placed: Int, capacity: Int) {
        let fresh = UnsafeMutablePointer<FieldEntry>.allocate(capacity: capacity)
        fresh.initialize(from: entries, count: placed)
        entries.deallocate()
        entries = fresh
        entryCapacity = capacity
    }
}

/// A range of the memory of a `FieldList`.
@usableFromInline
struct ByteSpan: Sendable {
    @usableFromInline var offset: UInt32
    @usableFromInline var count: UInt32

    @inlinable
    init(offset: Int, count: Int) {
        self.offset = UInt32(truncatingIfNeeded: offset)
        self.count = UInt32(truncatingIfNeeded: count)
    }

    @inlinable static var empty: ByteSpan { ByteSpan(offset: 0, count: 0) }
}

@available(*, unavailable)
extension FieldList: Sendable {}
