import Bytes
import HTTP

/// Finds the hosts of a configuration that a request's host matches, most specific first.
///
/// How it works: names are hashed from their last byte to their first, so one pass over a host has the hash of every
/// `.suffix` on its way to the hash of the whole. Which wildcards an entry falls back to is known when the table is
/// built, so a match is one pass and then a walk along `next`.
struct HostTable: Sendable {
    /// One host, or one wildcard, or any host.
    struct Entry: Sendable {
        /// The root of its patterns in the trie.
        let root: Int32
        /// The next less specific entry, or -1.
        var next: Int32 = -1
        let name: [UInt8]
    }

    private(set) var entries: [Entry] = []
    private var slots: [Int32] = Array(repeating: -1, count: 16)
    private var anyHost: Int32 = -1
    private var hasNames = false

    /// Builds the table; `hosts` are distinct, in lower case, and "*" stands for any host.
    init(_ hosts: [(name: String, root: Int32)]) {
        while slots.count < hosts.count * 2 { slots += slots }
        // Shorter wildcards first, so that what an entry falls back to is there before it; exact names last.
        let ordered = hosts.sorted { rank($0.name) < rank($1.name) }
        for (name, root) in ordered {
            let key = name.hasPrefix("*") ? Array(name.utf8.dropFirst()) : Array(name.utf8)
            let next = key.withUnsafeBytes { key.isEmpty ? -1 : widest(UnsafeRawBufferPointer($0)) }
            entries.append(Entry(root: root, next: next, name: key))
            let index = Int32(entries.count - 1)
            guard !key.isEmpty else {
                anyHost = index
                continue
            }
            hasNames = true
            var slot = HostTable.slot(HostTable.hash(of: key)) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = index
        }
        func rank(_ name: String) -> Int { name.hasPrefix("*") ? name.utf8.count : Int.max }
        func widest(_ key: UnsafeRawBufferPointer) -> Int32 { match(key) }
    }

    /// The most specific entry for a host in lower case without its port, or -1.
    func match(_ host: UnsafeRawBufferPointer) -> Int32 {
        guard hasNames else { return anyHost }
        var count = host.count
        // `example.com.` is `example.com`, the fully qualified spelling of it (RFC 3986 §3.2.2).
        if count > 1, host[count &- 1] == UInt8(ascii: ".") { count &-= 1 }
        var hash = HostTable.emptyHash
        var found = anyHost
        var index = count
        while index > 0 {
            index &-= 1
            hash = HostTable.mix(hash, host[index])
            // A wildcard's name starts with its dot and an exact one never does, so neither is taken for the other;
            // an empty first label is none that `*` could stand for.
            guard (index == 0) != (host[index] == UInt8(ascii: ".")) else { continue }
            let entry = lookUp(hash, host.slice(index..<count))
            if entry >= 0 { found = entry }
        }
        return found
    }

    /// Whether a text is a host without port, or `*.` and one.
    static func isPattern(_ text: String) -> Bool {
        let name = text.hasPrefix("*.") ? String(text.dropFirst(2)) : text
        return Array(name.utf8).withUnsafeBytes { bytes in
            guard let authority = Authority(bytes) else { return false }
            return authority.port == nil && bytes.last != UInt8(ascii: ":")
        }
    }

    private func lookUp(_ hash: UInt64, _ name: UnsafeRawBufferPointer) -> Int32 {
        var slot = HostTable.slot(hash) & (slots.count &- 1)
        while slots[slot] >= 0 {
            if entries[Int(slots[slot])].name.elementsEqual(name) { return slots[slot] }
            slot = (slot &+ 1) & (slots.count &- 1)
        }
        return -1
    }

    private static func hash(of name: [UInt8]) -> UInt64 { name.reversed().reduce(emptyHash, mix) }

    private static func mix(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }

    private static func slot(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: (hash &* 0xff51_afd7_ed55_8ccd) >> 32) }

    private static let emptyHash: UInt64 = 0xcbf2_9ce4_8422_2325
}
