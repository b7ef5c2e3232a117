import Testing

@testable import Crypto

@Suite struct SealingKeyStretchingTests {
    @Test func `the same text always makes the same key, and another text another`() throws {
        let key = try stretched("a secret that the operator thought of")
        let sealed = try [1, 2, 3].withUnsafeBytes { try key.seal($0, context: []) }
        let opened = try stretched("a secret that the operator thought of").open(sealed, context: [])
        #expect(opened.count == 24)
        #expect(throws: CryptoError.notAuthentic) {
            try stretched("a secret that the operator thought of.").open(sealed, context: [])
        }
    }

    @Test func `a text that could be guessed is refused`() {
        #expect(throws: CryptoError.malformedKey) { try stretched("correct horse battery s") }
    }

    private func stretched(_ text: String) throws -> SealingKey {
        try Array(text.utf8).withUnsafeBytes { try SealingKey(stretching: $0) }
    }
}
