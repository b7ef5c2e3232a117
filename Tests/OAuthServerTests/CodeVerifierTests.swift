import Testing

@testable import OAuthServer

@Suite struct CodeVerifierTests {
    @Test func `the example of RFC 7636 appendix B matches`() throws {
        let verifier = try #require(CodeVerifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
        #expect(verifier.matches("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"))
    }

    @Test func `a verifier is never compared with the challenge as it is`() throws {
        let text = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let verifier = try #require(CodeVerifier(text))
        #expect(!verifier.matches(text))
        #expect(!verifier.matches(""))
        #expect(!verifier.matches("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="))
    }

    @Test(arguments: [43, 44, 127, 128])
    func `a verifier of 43 to 128 characters is one`(size: Int) {
        #expect(CodeVerifier(String(repeating: "~", count: size)) != nil)
    }

    @Test(arguments: [0, 1, 42, 129, 4096])
    func `a shorter or longer verifier is none`(size: Int) {
        #expect(CodeVerifier(String(repeating: "a", count: size)) == nil)
    }

    @Test(arguments: ["+", "/", "=", " ", "%", "\u{0}", "é", "\u{212A}"])
    func `only unreserved characters may stand in a verifier`(character: String) {
        #expect(CodeVerifier(String(repeating: "a", count: 50) + character) == nil)
    }
}
