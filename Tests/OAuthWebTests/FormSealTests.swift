import Bytes
import Crypto
import Testing

@testable import OAuthWeb

struct FormSealTests {
    private let seal = FormSeal(key: SealingKey())

    @Test
    func `what was sealed opens until it is too old`() throws {
        let sealed = try #require(seal.seal([1, 2, 3], purpose: "login", at: 1000))
        #expect(seal.open(sealed, purpose: "login", maximumAge: 60, at: 1000) == [1, 2, 3])
        #expect(seal.open(sealed, purpose: "login", maximumAge: 60, at: 1060) == [1, 2, 3])
        #expect(seal.open(sealed, purpose: "login", maximumAge: 60, at: 1061) == nil)
        #expect(seal.open(sealed, purpose: "login", maximumAge: 60, at: 900) == nil)
    }

    @Test
    func `it opens for its purpose and with its key only`() throws {
        let sealed = try #require(seal.seal([1], purpose: "login", at: 1000))
        #expect(seal.open(sealed, purpose: "consent", maximumAge: 60, at: 1000) == nil)
        #expect(FormSeal(key: SealingKey()).open(sealed, purpose: "login", maximumAge: 60, at: 1000) == nil)
    }

    @Test
    func `every changed byte is noticed`() throws {
        let sealed = try #require(seal.seal([1, 2, 3], purpose: "login", at: 1000))
        let bytes = try #require(Base64URL.decode(sealed))
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(seal.open(Base64URL.encode(changed), purpose: "login", maximumAge: 60, at: 1000) == nil)
            let cut = Base64URL.encode(Array(bytes[..<index]))
            #expect(seal.open(cut, purpose: "login", maximumAge: 60, at: 1000) == nil)
        }
    }

    @Test(arguments: ["", "x", "not base64!", "AAAA"])
    func `anything else does not open`(_ text: String) {
        #expect(seal.open(text, purpose: "login", maximumAge: 60, at: 1000) == nil)
    }
}
