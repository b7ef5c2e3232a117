import Bytes
import Crypto
import Testing

@testable import OAuthServer

@Suite struct RefreshTokenTests {
    private let key = HMACKey(SecretBytes(copying: Array("a key for tests of refresh tokens".utf8)), digest: .sha256)
    private let familyID: [UInt8] = Array(0..<16)

    @Test(arguments: [0, 1, 255, 256, 65_536, UInt32.max])
    func `a token reads back as its family and generation`(generation: UInt32) {
        let token = RefreshToken(familyID: familyID, generation: generation)
        #expect(RefreshToken(token.text(key: key), key: key) == token)
    }

    @Test func `the same generation is always the same text`() {
        let token = RefreshToken(familyID: familyID, generation: 7)
        #expect(token.text(key: key) == token.text(key: key))
        #expect(token.text(key: key) != RefreshToken(familyID: familyID, generation: 8).text(key: key))
    }

    @Test func `the text is family, generation and their code, in this order`() throws {
        let text = RefreshToken(familyID: familyID, generation: 0x0102_0304).text(key: key)
        let bytes = try #require(Base64URL.decode(text))
        #expect(Array(bytes.prefix(20)) == familyID + [1, 2, 3, 4])
        #expect(Array(bytes.suffix(32)) == bytes.prefix(20).withUnsafeBytes { key.authenticationCode(of: $0) })
    }

    @Test func `a token with any byte changed is none`() throws {
        let text = RefreshToken(familyID: familyID, generation: 3).text(key: key)
        let bytes = try #require(Base64URL.decode(text))
        for index in bytes.indices {
            var forged = bytes
            forged[index] ^= 1
            #expect(RefreshToken(Base64URL.encode(forged), key: key) == nil)
        }
    }

    @Test func `a token of another key is none`() {
        let other = HMACKey(SecretBytes(copying: Array("another key".utf8)), digest: .sha256)
        #expect(RefreshToken(RefreshToken(familyID: familyID, generation: 0).text(key: other), key: key) == nil)
    }

    @Test func `a token cut short, made longer or spelt otherwise is none`() {
        let text = RefreshToken(familyID: familyID, generation: 0).text(key: key)
        for other in ["", "x", String(text.dropLast()), text + "A", text + "=", " " + text, String(text.dropFirst())] {
            #expect(RefreshToken(other, key: key) == nil)
        }
        #expect(RefreshToken(String(repeating: "A", count: text.utf8.count), key: key) == nil)
        #expect(RefreshToken(String(repeating: "é", count: text.utf8.count / 2), key: key) == nil)
    }
}
