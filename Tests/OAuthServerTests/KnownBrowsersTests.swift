import Bytes
import Crypto
import Testing

@testable import OAuthServer

@Suite struct KnownBrowsersTests {
    private let browsers = KnownBrowsers(key: HMACKey(SecretBytes(copying: [1]), digest: .sha256))
    private let others = KnownBrowsers(key: HMACKey(SecretBytes(copying: [2]), digest: .sha256))

    @Test func `a browser is known for the user who signed in, and for no other`() {
        let cookie = browsers.cookie(nil, adding: "alice", id: id(1))
        #expect(browsers.id(in: cookie, for: "alice") == Base64URL.encode(id(1)))
        #expect(browsers.id(in: cookie, for: "bob") == nil)
        #expect(browsers.id(in: cookie, for: "") == nil)
        #expect(others.id(in: cookie, for: "alice") == nil)
        #expect(!cookie.contains("alice"))
    }

    @Test func `several users can share a browser, the latest four`() {
        var cookie: String?
        for (index, user) in ["a", "b", "c", "d", "e"].enumerated() {
            cookie = browsers.cookie(cookie, adding: user, id: id(UInt8(index)))
        }
        #expect(browsers.id(in: cookie, for: "a") == nil)
        for user in ["b", "c", "d", "e"] { #expect(browsers.id(in: cookie, for: user) != nil) }
    }

    @Test func `who signs in again keeps the entry`() {
        let first = browsers.cookie(nil, adding: "alice", id: id(1))
        let second = browsers.cookie(first, adding: "bob", id: id(2))
        let third = browsers.cookie(second, adding: "alice", id: id(3))
        #expect(browsers.id(in: third, for: "alice") == Base64URL.encode(id(1)))
        #expect(browsers.id(in: third, for: "bob") == Base64URL.encode(id(2)))
    }

    @Test func `a value that was changed at any place is not known`() throws {
        let cookie = browsers.cookie(nil, adding: "alice", id: id(1))
        let entry = try #require(Base64URL.decode(cookie))
        for index in entry.indices {
            var changed = entry
            changed[index] ^= 1
            #expect(browsers.id(in: Base64URL.encode(changed), for: "alice") == nil)
        }
    }

    @Test(arguments: [
        "", ".", "...", "abc", String(repeating: "A", count: 43), String(repeating: "A.", count: 100_000), "é",
    ])
    func `nonsense is not known, and is not kept`(cookie: String) {
        #expect(browsers.id(in: cookie, for: "alice") == nil)
        let added = browsers.cookie(cookie, adding: "alice", id: id(1))
        #expect(browsers.id(in: added, for: "alice") == Base64URL.encode(id(1)))
        #expect(added.utf8.count <= 4 * 44)
    }

    private func id(_ value: UInt8) -> [UInt8] { Array(repeating: value, count: KnownBrowsers.idSize) }
}
