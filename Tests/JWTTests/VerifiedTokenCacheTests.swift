import Testing

@testable import JWT

@Suite struct VerifiedTokenCacheTests {
    final class Box {
        let number: Int
        init(_ number: Int) { self.number = number }
    }

    private func cache(_ capacity: Int, bytes: Int = 1 << 20) -> VerifiedTokenCache<Box> {
        VerifiedTokenCache(capacity: capacity, byteLimit: bytes, seed: TokenHashSeed(1, 2))
    }

    @Test func `what was inserted is found by its bytes only`() {
        let cache = cache(10)
        cache.insert(Box(1), "token.a")
        cache.insert(Box(2), "token.b")
        #expect(cache["token.a"] == 1)
        #expect(cache["token.b"] == 2)
        #expect(cache["token.c"] == nil)
        #expect(cache["token."] == nil)
        #expect(cache["token.aa"] == nil)
        #expect(cache[""] == nil)
    }

    @Test func `a later value for the same bytes takes the place of the first`() {
        let cache = cache(10)
        cache.insert(Box(1), "t")
        cache.insert(Box(2), "t")
        #expect(cache["t"] == 2)
        #expect(cache.count == 1)
        #expect(cache.tokenBytes == 1)
    }

    @Test func `what was removed is gone and its value released`() {
        let cache = cache(10)
        weak var released: Box?
        do {
            let box = Box(1)
            released = box
            cache.insert(box, "t")
        }
        #expect(released != nil)
        cache.remove("t")
        cache.remove("t")
        #expect(released == nil)
        #expect(cache["t"] == nil)
        #expect(cache.count == 0)
    }

    @Test func `it never holds more than its capacity, and tokens in use stay`() {
        let cache = cache(100)
        for number in 0..<50 { cache.insert(Box(number), "kept \(number)") }
        for number in 0..<10_000 {
            if number % 20 == 0 {
                for kept in 0..<50 { #expect(cache["kept \(kept)"] == kept) }
            }
            cache.insert(Box(number), "once \(number)")
            #expect(cache.count <= 100)
        }
        #expect(cache["once 9999"] == 9999)
        #expect(cache["once 0"] == nil)
    }

    @Test func `it never holds more bytes than its limit`() {
        let cache = cache(1000, bytes: 1000)
        for number in 0..<100 {
            cache.insert(Box(number), String(repeating: "x", count: 90 + number % 10) + "\(number)")
            #expect(cache.tokenBytes <= 1000)
        }
        #expect(cache.count >= 9)
        cache.insert(Box(0), String(repeating: "y", count: 1001))
        #expect(cache[String(repeating: "y", count: 1001)] == nil)
        #expect(cache.count >= 9)
    }

    @Test func `it agrees with a dictionary over many changes`() {
        // Small tables, so that probes run into each other and around the end.
        for capacity in [1, 2, 3, 7, 64] {
            let cache = cache(capacity)
            var model: [String: Int] = [:]
            var random = SplitMix(state: UInt64(capacity))
            for step in 0..<20_000 {
                let token = "t\(random.next() % UInt64(capacity * 2))"
                switch random.next() % 8 {
                case 0:
                    cache.remove(token)
                    model[token] = nil
                case 1...3:
                    // Eviction may drop others; what is found must still be what was inserted last.
                    cache.insert(Box(step), token)
                    model[token] = step
                    #expect(cache[token] == step)
                default:
                    if let found = cache[token] { #expect(found == model[token]) }
                }
            }
            #expect(cache.count <= capacity)
            cache.removeAll()
            #expect(cache.count == 0 && cache.tokenBytes == 0)
            for number in 0..<capacity * 2 { #expect(cache["t\(number)"] == nil) }
        }
    }

    @Test func `the hash depends on every byte and on the seed`() {
        var seen: Set<UInt64> = []
        var hashes = 0
        for count in 0..<70 {
            for changed in 0..<max(count, 1) {
                var bytes = [UInt8](repeating: 0x61, count: count)
                if count > 0 { bytes[changed] = 0x62 }
                seen.insert(bytes.withUnsafeBytes { TokenHashSeed(3, 4).hash($0) })
                hashes += 1
            }
        }
        #expect(seen.count == hashes)
        [UInt8]("token".utf8).withUnsafeBytes { bytes in
            #expect(TokenHashSeed(3, 4).hash(bytes) != TokenHashSeed(3, 5).hash(bytes))
            #expect(TokenHashSeed(3, 4).hash(bytes) != TokenHashSeed(5, 4).hash(bytes))
        }
    }
}

struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

extension VerifiedTokenCache<VerifiedTokenCacheTests.Box> {
    subscript(_ token: String) -> Int? {
        Array(token.utf8).withUnsafeBytes { value(for: $0)?.number }
    }

    func insert(_ value: VerifiedTokenCacheTests.Box, _ token: String) {
        Array(token.utf8).withUnsafeBytes { insert(value, for: $0) }
    }

    func remove(_ token: String) {
        Array(token.utf8).withUnsafeBytes { remove($0) }
    }
}
