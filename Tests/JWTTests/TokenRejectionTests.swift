import Bytes
import Crypto
import JSON
import Testing

@testable import JWT

@Suite struct TokenRejectionTests {
    let forge: TokenForge

    init() throws {
        forge = try TokenForge.shared.get()
    }

    private func header(_ algorithm: SignatureAlgorithm, _ more: String = "") throws -> String {
        #""alg":"\#(algorithm.name)","typ":"at+jwt","kid":"\#(try forge.key(algorithm).keyID)"\#(more)"#
    }

    @Test(arguments: ["none", "None", "NONE", "nOnE", "", "HS255", "rs256", "ES256K", "RSA1_5", "dir"])
    func `no algorithm and unknown ones are refused`(name: String) throws {
        let kid = try forge.key(.es256).keyID
        let signed = try forge.token(header: #""alg":"\#(name)","typ":"at+jwt","kid":"\#(kid)""#)
        let unsigned = signed.prefix(through: try #require(signed.lastIndex(of: ".")))
        for verifier in [try forge.verifier(), try forge.ownVerifier()] {
            #expect(verifier.refusal(of: signed) == .unsupportedAlgorithm)
            #expect(verifier.refusal(of: String(unsigned)) == .unsupportedAlgorithm)
        }
    }

    /// RFC 8725 §2.1: a public key, taken for the secret of an HMAC.
    @Test(arguments: [SignatureAlgorithm.rs256, .es256, .eddsa])
    func `an HMAC made with a public key is refused`(algorithm: SignatureAlgorithm) throws {
        let key = try forge.key(algorithm)
        let published = JSONWebKeySet(keys: [try key.verificationKey()]).publicJSON()
        guard case .publicKey(let publicKey) = try key.verificationKey().material else { return }
        var secrets = [published]
        if case .rsa(let modulus, _) = publicKey.components { secrets.append(modulus) }
        for secret in secrets {
            let header = #"{"alg":"HS256","typ":"at+jwt","kid":"\#(key.keyID)"}"#
            let input =
                Base64URL.encode(Array(header.utf8)) + "."
                + Base64URL.encode(Array("{\(TokenForge.claims)}".utf8))
            let code = Array(input.utf8).withUnsafeBytes {
                HMACKey(SecretBytes(copying: secret), digest: .sha256).authenticationCode(of: $0)
            }
            let token = input + "." + Base64URL.encode(code)
            #expect(try forge.verifier().refusal(of: token) == .unsupportedAlgorithm)
            #expect(try forge.ownVerifier([algorithm]).refusal(of: token) == .unsupportedAlgorithm)
        }
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a key is used with its own algorithm only`(algorithm: SignatureAlgorithm) throws {
        let kid = try forge.key(algorithm).keyID
        for other in SignatureAlgorithm.allCases where other != algorithm {
            let token = try forge.token(header: #""alg":"\#(other.name)","kid":"\#(kid)""#, signedBy: other)
            #expect(try forge.verifier().refusal(of: token) == .unsupportedAlgorithm)
        }
    }

    @Test func `an algorithm that the issuer is not allowed is refused`() throws {
        let verifier = try forge.verifier { $0.algorithms = [.rs256] }
        #expect(verifier.refusal(of: try forge.token()) == .unsupportedAlgorithm)
        #expect(verifier.refusal(of: try forge.token(header: #""alg":"ES256""#)) == .unknownKey)
    }

    @Test(arguments: [
        #","crit":["exp"]"#, #","crit":[]"#, #","crit":null"#, #","crit":["b64"],"b64":false"#, #","crit":"alg""#,
    ])
    func `an extension that must be understood is refused`(member: String) throws {
        #expect(
            try forge.verifier().refusal(of: try forge.token(header: try header(.es256, member))) == .unknownCritical
        )
    }

    @Test func `keys and addresses in the header are ignored`() throws {
        let attacker = try SigningKey(generating: .es256)
        let jwks = String(decoding: JSONWebKeySet(keys: [try attacker.verificationKey()]).publicJSON(), as: UTF8.self)
        let jwk = jwks.dropFirst(#"{"keys":["#.count).dropLast(2)
        let more = #","jwk":\#(jwk),"jku":"https://evil.example/jwks","x5u":"https://evil.example","x5c":["AA"]"#
        let forged = try forge.signed(
            header: "{\(try header(.es256, more))}",
            payload: "{\(TokenForge.claims)}",
            key: attacker
        )
        #expect(try forge.verifier().refusal(of: forged) == .badSignature)
        #expect(try forge.verifier().refusal(of: try forge.token(header: try header(.es256, more))) == nil)
    }

    @Test(arguments: ["JWT", "id_token+jwt", "logout+jwt", "application/JWT", "at+jwt ", "application/at+jwt/x", ""])
    func `an own token of another type is refused`(type: String) throws {
        let kid = try forge.key(.es256).keyID
        let token = try forge.token(header: #""alg":"ES256","typ":"\#(type)","kid":"\#(kid)""#)
        #expect(try forge.ownVerifier().refusal(of: token) == .wrongType)
    }

    @Test func `an own token without a type is refused, and a foreign one of another type`() throws {
        let kid = try forge.key(.es256).keyID
        let untyped = try forge.token(header: #""alg":"ES256","kid":"\#(kid)""#)
        #expect(try forge.ownVerifier().refusal(of: untyped) == .wrongType)
        let other = try forge.token(header: #""alg":"ES256","kid":"\#(kid)","typ":"dpop+jwt""#)
        #expect(try forge.verifier().refusal(of: other) == .wrongType)
    }

    @Test(arguments: ["iss", "aud", "exp"])
    func `a claim that every token needs is missed`(name: String) throws {
        let claims = #""iss":"https://issuer.example","aud":"https://api.example","exp":1800000600"#
        let without = claims.split(separator: ",").filter { !$0.hasPrefix("\"\(name)\"") }.joined(separator: ",")
        #expect(try forge.verifier().refusal(of: try forge.token(claims: without)) == .missingClaim(name))
    }

    @Test func `a grant of an own token that is not a string is malformed`() throws {
        let claims = TokenForge.claims.replacing(#""gid":"g1""#, with: #""gid":1"#)
        #expect(try forge.ownVerifier().refusal(of: try forge.token(claims: claims))?.reason == "malformed")
        #expect(try forge.verifier().refusal(of: try forge.token(claims: claims)) == nil)
    }

    @Test(arguments: ["sub", "client_id", "iat", "jti"])
    func `a claim that an own token needs is missed`(name: String) throws {
        let without = TokenForge.claims.split(separator: ",").filter { !$0.hasPrefix("\"\(name)\"") }
        let token = try forge.token(claims: without.joined(separator: ","))
        #expect(try forge.ownVerifier().refusal(of: token) == .missingClaim(name))
        #expect(try forge.verifier().refusal(of: token) == nil)
    }

    @Test(arguments: [
        "\"iss\":7", "\"aud\":7", "\"aud\":[7]", "\"aud\":{}", "\"exp\":\"1800000600\"", "\"exp\":null",
        "\"exp\":1e300",
        "\"exp\":9007199254740994", "\"exp\":-1e17", "\"nbf\":true", "\"iat\":[]", "\"sub\":1", "\"jti\":1",
        "\"client_id\":{}", "\"scope\":7", "\"scope\":[1]", "\"azp\":1",
    ])
    func `a claim of another type is malformed`(claim: String) throws {
        let name = claim.prefix { $0 != ":" }
        var claims = #""iss":"https://issuer.example","aud":"https://api.example","exp":1800000600"#
            .split(separator: ",").filter { !$0.hasPrefix(name) }.joined(separator: ",")
        claims += "," + claim
        let refusal = try forge.verifier().refusal(of: try forge.token(claims: claims))
        #expect(refusal?.reason == "malformed")
    }

    @Test(arguments: [
        "https://api.example/", "https://API.example", "https://api.exampl", "", "api", "https://issuer.example",
    ])
    func `a token for another audience is refused`(audience: String) throws {
        let claims = #""iss":"https://issuer.example","exp":1800000600,"aud":["\#(audience)","x"]"#
        #expect(try forge.verifier().refusal(of: try forge.token(claims: claims)) == .wrongAudience)
    }

    @Test(arguments: [
        "https://issuer.example/", "https://ISSUER.example", "issuer.example", "", "https://\\u0069ssuer.examplE",
    ])
    func `a token of another issuer is refused`(name: String) throws {
        let claims = TokenForge.claims.replacing("https://issuer.example", with: name)
        #expect(try forge.verifier().refusal(of: try forge.token(claims: claims)) == .unknownIssuer)
    }

    /// U+212A is canonically equivalent to K, so Swift's `==` on strings finds them equal.
    @Test func `names that only look the same are different`() throws {
        let key = try forge.key(.es256)
        let named = try JSONWebKey(keyID: "K", algorithm: .es256, material: key.verificationKey().material)
        let verifier = try forge.verifier { $0.keys = .available(JSONWebKeySet(keys: [named])) }
        #expect(verifier.refusal(of: try forge.token(header: #""alg":"ES256","kid":"K""#)) == nil)
        #expect(verifier.refusal(of: try forge.token(header: "\"alg\":\"ES256\",\"kid\":\"\u{212A}\"")) == .unknownKey)
    }

    @Test func `an unknown key is refused, and one of another issuer`() throws {
        let token = try forge.token(header: #""alg":"ES256","kid":"nobody""#)
        #expect(try forge.verifier().refusal(of: token) == .unknownKey)
        let removed = try forge.verifier { $0.keys = .available(JSONWebKeySet(keys: [])) }
        #expect(removed.refusal(of: try forge.token()) == .unknownKey)
        let rsaOnly = TokenIssuer(
            issuer: "https://rsa.example",
            keys: .available(try forge.keySet([.rs256])),
            audiences: ["a"]
        )
        let verifier = TokenVerifier(issuers: [rsaOnly, try forge.verifier().issuers[0]])
        let claims = TokenForge.claims.replacing("issuer.example", with: "rsa.example")
        #expect(verifier.refusal(of: try forge.token(claims: claims)) == .unknownKey)
    }

    @Test func `keys that are not available are not the token's fault`() throws {
        let verifier = try forge.verifier { $0.keys = .unavailable }
        #expect(verifier.refusal(of: try forge.token()) == .keysUnavailable)
    }

    @Test func `a changed header, payload or signature is refused`() throws {
        let token = try forge.token()
        let verifier = try forge.verifier()
        let parts = token.split(separator: ".")
        let claims = TokenForge.claims.replacing("alice", with: "admin")
        let forged = "\(parts[0]).\(Base64URL.encode(Array("{\(claims)}".utf8))).\(parts[2])"
        #expect(verifier.refusal(of: forged) == .badSignature)
        #expect(verifier.refusal(of: "\(parts[0]).\(parts[1]).") == .badSignature)
        #expect(verifier.refusal(of: "\(parts[0]).\(parts[1]).AAAA") == .badSignature)
        for index in token.utf8.indices {
            var bytes = Array(token.utf8)
            let offset = token.utf8.distance(from: token.utf8.startIndex, to: index)
            bytes[offset] = bytes[offset] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(verifier.refusal(of: String(decoding: bytes, as: UTF8.self)) != nil)
        }
    }

    @Test func `every token that is cut short is refused`() throws {
        let token = try forge.token()
        let verifier = try forge.verifier()
        for count in 0..<token.utf8.count {
            #expect(verifier.refusal(of: String(token.prefix(count))) != nil)
        }
    }

    @Test(arguments: [
        "", ".", "..", "...", "a", "a.b", "a.b.c.d", "e30.e30.e30", "e30..", ".e30.", "é.é.é", "\0.\0.\0",
    ])
    func `what is no token is malformed`(token: String) throws {
        #expect(try forge.verifier().refusal(of: token)?.reason == "malformed")
    }

    @Test func `another spelling of base64url is malformed`() throws {
        let token = try forge.token()
        let verifier = try forge.verifier()
        let parts = token.split(separator: ".").map(String.init)
        for part in 0..<3 {
            for spelling in [parts[part] + "=", parts[part] + "==", " " + parts[part], parts[part] + "\n"] {
                var changed = parts
                changed[part] = spelling
                #expect(verifier.refusal(of: changed.joined(separator: "."))?.reason == "malformed")
            }
        }
        // A P-256 signature is 64 bytes: its last digit has four bits that count for nothing and must be zero.
        let last = try #require(parts[2].utf8.last)
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let value = try #require(digits.firstIndex(of: last))
        let respelled = String(parts[2].dropLast()) + String(decoding: [digits[value + 1]], as: UTF8.self)
        #expect(verifier.refusal(of: "\(parts[0]).\(parts[1]).\(respelled)")?.reason == "malformed")
    }

    @Test(arguments: [
        (#"{"alg":"ES256","alg":"ES256"}"#, "{}"),
        (#"{"alg":"ES256"}"#, #"{"iss":"a","iss":"https://issuer.example"}"#),
        (#"{"alg":"ES256"}"#, #"{"a":{"b":1,"b":2}}"#), (#"{"alg":"ES256"}"#, #"{"iss":"a","\u0069ss":"b"}"#),
        (#"{"alg":"ES256"} "#, "{} x"), (#"["ES256"]"#, "{}"), (#"{"alg":"ES256"}"#, "[]"), (#"{"alg":"ES256"}"#, "1"),
        (#"{"alg":1}"#, "{}"), (#"{"typ":"at+jwt"}"#, "{}"), (#"{"alg":"ES256","kid":1}"#, "{}"),
        (#"{"alg":"ES256","typ":[]}"#, "{}"), (#"{"alg":"ES256"}"#, #"{"iss":"\ud800"}"#), ("", ""),
        (#"{"alg":"ES256",}"#, "{}"), (#"{"alg":"ES256"}"#, "{\"iss\":\"a\u{0}\"}"),
        (#"{"alg":"ES256"}"#, String(repeating: "[", count: 5000)),
        (
            #"{"alg":"ES256"}"#,
            #"{"a":"# + String(repeating: "[", count: 3000) + String(repeating: "]", count: 3000) + "}"
        ),
    ])
    func `a header or payload that is not strict JSON is malformed`(header: String, payload: String) throws {
        let token = try forge.signed(header: header, payload: payload, key: try forge.key(.es256))
        #expect(try forge.verifier().refusal(of: token)?.reason == "malformed")
    }

    @Test func `invalid UTF-8 is malformed`() throws {
        let payload = Array(#"{"iss":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)
        let token = try forge.signed(
            header: Array(#"{"alg":"ES256"}"#.utf8),
            payload: payload,
            key: try forge.key(.es256)
        )
        #expect(try forge.verifier().refusal(of: token) == .malformed("its payload is not UTF-8"))
    }

    @Test func `a token over 16 KiB is refused, and one just under it is not`() throws {
        let verifier = try forge.verifier()
        let base = try forge.token(claims: TokenForge.claims + #","pad":"""#).utf8.count
        let pad = (16384 - base) / 4 * 3
        let under = try forge.token(claims: TokenForge.claims + #","pad":"\#(String(repeating: "x", count: pad - 3))""#)
        #expect(under.utf8.count <= 16384)
        #expect(verifier.refusal(of: under) == nil)
        let over = try forge.token(claims: TokenForge.claims + #","pad":"\#(String(repeating: "x", count: pad + 3))""#)
        #expect(verifier.refusal(of: over) == .tooLarge)
        #expect(verifier.refusal(of: String(repeating: ".", count: 16385)) == .tooLarge)
    }

    @Test func `an old token with a bad signature is forged, not expired`() throws {
        let token = try forge.token()
        let forged = String(token.dropLast(4)) + "AAAA"
        #expect(try forge.verifier().refusal(of: forged, at: 1_900_000_000) == .badSignature)
    }

    @Test(arguments: [
        (TokenRefusal.expired(secondsAgo: 12), "The token expired 12 s ago"),
        (.expired(secondsAgo: 180), "The token expired 3 min ago"),
        (.expired(secondsAgo: 7200), "The token expired 2 h ago"),
        (.expired(secondsAgo: 259_200), "The token expired 3 d ago"),
        (.notYetValid(secondsAhead: 90), "The token is not valid yet, but in 1 min"),
        (.missingClaim("exp"), "The token has no claim exp"),
    ])
    func `a refusal says why`(refusal: TokenRefusal, text: String) {
        #expect(refusal.description == text)
    }

    @Test(arguments: [
        TokenRefusal.malformed("its header is not JSON"), .tooLarge, .unsupportedAlgorithm, .unknownCritical,
        .wrongType,
        .missingClaim("exp"), .unknownIssuer, .unknownKey, .badSignature, .expired(secondsAgo: 0),
        .notYetValid(secondsAhead: .max), .issuedInFuture(secondsAhead: 1), .wrongAudience, .revoked, .keysUnavailable,
    ])
    func `a refusal fits into a challenge and has its name in the list`(refusal: TokenRefusal) {
        // RFC 6750 §3: %x20-21 / %x23-5B / %x5D-7E.
        #expect(refusal.description.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C })
        #expect(TokenRefusal.reasons.contains(refusal.reason))
    }
}
