import Bytes

// How it works: open addressing with linear probing over 32-bit places in a fixed array of entries, at most half full.
// Each entry keeps its token's bytes and its hash; a hit compares both. When it is full, the clock's hand gives every
// entry that was used since it last passed a second chance. Removal shifts the rest of the probe back, so that no
// tombstones pile up.

/// Confined to its event loop: the table behind `VerifiedTokenCache`.
@usableFromInline
final class TokenTable {
    private struct Entry {
        var hash: UInt64
        var token: UnsafeRawBufferPointer
        var value: AnyObject?
        var wasUsed: Bool
    }

    private(set) var count = 0
    private(set) var tokenBytes = 0

    private let capacity: Int
    private let byteLimit: Int
    private let seed: TokenHashSeed
    private let mask: Int
    /// For each place one more than an entry's index, or 0.
    private let places: UnsafeMutablePointer<UInt32>
    private let entries: UnsafeMutablePointer<Entry>
    private var freeEntries: [UInt32]
    private var hand = 0

    init(capacity: Int, byteLimit: Int, seed: TokenHashSeed) {
        let capacity = min(max(capacity, 1), 1 << 24)
        self.capacity = capacity
        self.byteLimit = byteLimit
        self.seed = seed
        var size = 4
        while size < capacity * 2 { size *= 2 }
        mask = size - 1
        places = .allocate(capacity: size)
        places.initialize(repeating: 0, count: size)
        entries = .allocate(capacity: capacity)
        let vacant = Entry(hash: 0, token: UnsafeRawBufferPointer(start: nil, count: 0), value: nil, wasUsed: false)
        entries.initialize(repeating: vacant, count: capacity)
        freeEntries = (0..<UInt32(capacity)).reversed()
    }

    deinit {
        for index in 0..<capacity { entries[index].token.deallocate() }
        entries.deinitialize(count: capacity)
        entries.deallocate()
        places.deallocate()
    }

    @usableFromInline
    func object(for token: UnsafeRawBufferPointer) -> AnyObject? {
        guard let place = place(of: token, hash: seed.hash(token)) else { return nil }
        let index = Int(places[place]) - 1
        entries[index].wasUsed = true
        return entries[index].value
    }

    func insert(_ value: AnyObject, for token: UnsafeRawBufferPointer) {
        let hash = seed.hash(token)
        if let place = place(of: token, hash: hash) {
            let index = Int(places[place]) - 1
            entries[index].value = value
            entries[index].wasUsed = true
            return
        }
        guard token.count <= byteLimit else { return }
        while tokenBytes + token.count > byteLimit || freeEntries.isEmpty { evictOne() }
        guard let free = freeEntries.popLast() else { return }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: token.count, alignment: 8)
        copy.copyMemory(from: token)
        // A new entry was not used again yet: tokens that come once leave first.
        entries[Int(free)] = Entry(hash: hash, token: UnsafeRawBufferPointer(copy), value: value, wasUsed: false)
        var place = Int(truncatingIfNeeded: hash) & mask
        while places[place] != 0 { place = (place + 1) & mask }
        places[place] = free + 1
        count += 1
        tokenBytes += token.count
    }

    func remove(_ token: UnsafeRawBufferPointer) {
        guard let place = place(of: token, hash: seed.hash(token)) else { return }
        removeEntry(at: place)
    }

    func removeAll() {
        for place in 0...mask where places[place] != 0 {
            vacate(Int(places[place]) - 1)
            places[place] = 0
        }
    }

    private func place(of token: UnsafeRawBufferPointer, hash: UInt64) -> Int? {
        var place = Int(truncatingIfNeeded: hash) & mask
        while places[place] != 0 {
            let index = Int(places[place]) - 1
            if entries[index].hash == hash, TokenHashSeed.equals(entries[index].token, token) { return place }
            place = (place + 1) & mask
        }
        return nil
    }

    private func evictOne() {
        while true {
            hand = hand + 1 < capacity ? hand + 1 : 0
            guard entries[hand].value != nil else { continue }
            guard entries[hand].wasUsed else { break }
            entries[hand].wasUsed = false
        }
        var place = Int(truncatingIfNeeded: entries[hand].hash) & mask
        while Int(places[place]) != hand + 1 { place = (place + 1) & mask }
        removeEntry(at: place)
    }

    /// Empties a place, and moves back what was put behind it only because it was taken.
    private func removeEntry(at place: Int) {
        vacate(Int(places[place]) - 1)
        var gap = place
        var next = (gap + 1) & mask
        while places[next] != 0 {
            let home = Int(truncatingIfNeeded: entries[Int(places[next]) - 1].hash) & mask
            if (next - home) & mask >= (next - gap) & mask {
                places[gap] = places[next]
                gap = next
            }
            next = (next + 1) & mask
        }
        places[gap] = 0
    }

    private func vacate(_ index: Int) {
        tokenBytes -= entries[index].token.count
        count -= 1
        entries[index].token.deallocate()
        entries[index] = Entry(
            hash: 0,
            token: UnsafeRawBufferPointer(start: nil, count: 0),
            value: nil,
            wasUsed: false
        )
        freeEntries.append(UInt32(index))
    }
}

@available(*, unavailable)
extension TokenTable: Sendable {}
