import Bytes
import Crypto
import JSON
import Testing

@testable import JWT

@Suite struct TokenVerifierTests {
    let forge: TokenForge

    init() throws {
        forge = try TokenForge.shared.get()
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a good token of each algorithm is accepted`(algorithm: SignatureAlgorithm) throws {
        let token = try forge.verifier().verify(try forge.token(signedBy: algorithm))
        #expect(token.issuer == TokenForge.issuer)
        #expect(token.subject == "alice")
        #expect(token.userName == "alice")
        #expect(token.clientID == "app")
        #expect(token.scopes == ["notes:read", "notes:write"])
        #expect(token.audiences == ["https://api.example"])
        #expect(token.tokenID == "t1")
        #expect(token.grantID == nil)
        #expect(!token.isOwn)
        #expect(token.expiresAt == 1_800_000_600 + 60 - 1)
    }

    @Test func `an own token is accepted whatever its audience`() throws {
        let token = try forge.ownVerifier().verify(try forge.token())
        #expect(token.isOwn)
        #expect(token.grantID == "g1")
        #expect(token.expiresAt == 1_800_000_604)
        #expect(token.isFor("https://api.example"))
        #expect(!token.isFor("https://api.example/"))
    }

    @Test(arguments: ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
    func `the type of an own token may be spelled in full and in any case`(type: String) throws {
        let key = try forge.key(.es256)
        let token = try forge.token(header: #""alg":"ES256","kid":"\#(key.keyID)","typ":"\#(type)""#)
        #expect(try forge.ownVerifier().refusal(of: token) == nil)
    }

    @Test(arguments: [#","typ":"JWT""#, #","typ":"at+jwt""#, #","typ":"jwt""#, ""])
    func `a foreign token may be of the usual types`(type: String) throws {
        let key = try forge.key(.es256)
        let token = try forge.token(header: #""alg":"ES256","kid":"\#(key.keyID)"\#(type)"#)
        #expect(try forge.verifier().refusal(of: token) == nil)
    }

    @Test(
        arguments: [
            (1_800_000_659, nil), (1_800_000_660, .expired(secondsAgo: 60)), (1_800_000_900, .expired(secondsAgo: 300)),
            (1_799_999_930, nil), (1_799_999_929, .issuedInFuture(secondsAhead: 61)),
        ] as [(Int64, TokenRefusal?)]
    )
    func `the times count to the second, with the skew`(time: Int64, refusal: TokenRefusal?) throws {
        #expect(try forge.verifier().refusal(of: try forge.token(), at: time) == refusal)
    }

    @Test func `a token is accepted until the second it says, and not after`() throws {
        let token = try forge.token()
        let verifier = try forge.ownVerifier()
        let last = try verifier.verify(token).expiresAt
        #expect(verifier.refusal(of: token, at: last) == nil)
        #expect(verifier.refusal(of: token, at: last + 1) == .expired(secondsAgo: 5))
        #expect(try verifier.verify(token).refusalAfterExpiry(at: last + 1) == .expired(secondsAgo: 5))
    }

    @Test(
        arguments: [
            ("1800000600.0", 1_800_000_659), ("1800000600.5", 1_800_000_660), ("1.8000006e9", 1_800_000_659),
            ("18000006000e-1", 1_800_000_659), ("9007199254740992", 9_007_199_254_741_051),
        ] as [(String, Int64)]
    )
    func `a time may be any number that is a time`(text: String, last: Int64) throws {
        let claims = #""iss":"https://issuer.example","aud":"https://api.example","exp":\#(text)"#
        #expect(try forge.verifier().verify(try forge.token(claims: claims)).expiresAt == last)
    }

    @Test func `a token that is not valid yet is refused until the skew reaches it`() throws {
        let token = try forge.token(claims: TokenForge.claims + #","nbf":1800000100"#)
        let verifier = try forge.verifier()
        #expect(verifier.refusal(of: token, at: 1_800_000_039) == .notYetValid(secondsAhead: 61))
        #expect(verifier.refusal(of: token, at: 1_800_000_040) == nil)
    }

    @Test(arguments: [#"["x","https://api.example"]"#, #"["https://api.example"]"#])
    func `one of several audiences suffices`(audience: String) throws {
        let claims = #""iss":"https://issuer.example","exp":1800000600,"aud":\#(audience)"#
        #expect(try forge.verifier().refusal(of: try forge.token(claims: claims)) == nil)
    }

    @Test(
        arguments: [
            (#""client_id":"a","azp":"b""#, "a"), (#""azp":"b","cid":"c""#, "b"), (#""cid":"c","appid":"d""#, "c"),
            (#""appid":"d""#, "d"), (#""cid":7,"appid":"d""#, "d"), (#""gid":7"#, nil),
        ] as [(String, String?)]
    )
    func `the client is named by the first claim that does`(claim: String, client: String?) throws {
        let claims = #""iss":"https://issuer.example","exp":1800000600,"aud":"https://api.example",\#(claim)"#
        #expect(try forge.verifier().verify(try forge.token(claims: claims)).clientID == client)
    }

    @Test(
        arguments: [
            (#""sub":"app","client_id":"app""#, nil), (#""sub":"app","azp":"app""#, nil), (#""sub":"""#, nil),
            (#""sub":"alice","client_id":"app""#, "corp:alice"), (#""x":1"#, nil),
        ] as [(String, String?)]
    )
    func `a token stands for a user unless its subject is the client`(claim: String, user: String?) throws {
        let claims = #""iss":"https://issuer.example","exp":1800000600,"aud":"https://api.example",\#(claim)"#
        let verifier = try forge.verifier { $0.userPrefix = "corp:" }
        #expect(try verifier.verify(try forge.token(claims: claims)).userName == user)
    }

    @Test(arguments: [(#""name":"Ann""#, "Ann"), (#""name":17"#, "17"), (#""name":null"#, nil), (#""n":1"#, nil)])
    func `another claim can name the user`(claim: String, user: String?) throws {
        let verifier = try forge.verifier { $0.userNameClaim = "name" }
        let token = try forge.token(claims: TokenForge.claims + "," + claim)
        #expect(try verifier.verify(token).userName == user)
    }

    @Test(arguments: [
        (#""scope":"a b  c ""#, ["a", "b", "c"]), (#""scope":"""#, []), (#""scp":"a b""#, ["a", "b"]),
        (#""scp":["a","b"]"#, ["a", "b"]), (#""scope":["a b","c","","d\"","\u00e9"],"scp":"x""#, ["c"]),
        (#""scope":null,"scp":"x""#, ["x"]), (#""roles":["a"]"#, []),
    ])
    func `scopes may be a string or an array`(claim: String, scopes: [String]) throws {
        let claims = #""iss":"https://issuer.example","exp":1800000600,"aud":"https://api.example",\#(claim)"#
        #expect(try forge.verifier().verify(try forge.token(claims: claims)).scopes == scopes)
    }

    @Test func `scopes can come from another claim and be mapped`() throws {
        let verifier = try forge.verifier {
            $0.scopeClaim = "roles"
            $0.scopeMap = ["Notes.Read": ["notes:read"], "admin": ["notes:read", "notes:write"]]
        }
        let token = try forge.token(claims: TokenForge.claims + #","roles":["Notes.Read","admin","other"]"#)
        #expect(try verifier.verify(token).scopes == ["notes:read", "notes:read", "notes:write", "other"])
    }

    @Test func `a token without a key id is tried with the only key that fits`() throws {
        let token = try forge.token(header: #""alg":"ES256""#)
        #expect(try forge.verifier().refusal(of: token) == nil)
        let key = try forge.key(.es256).verificationKey()
        let twin = try JSONWebKey(keyID: "twin", algorithm: nil, material: key.material)
        let verifier = try forge.verifier { $0.keys = .available(JSONWebKeySet(keys: [key, twin])) }
        #expect(verifier.refusal(of: token) == .unknownKey)
    }

    @Test func `a key without an algorithm takes those that the issuer allows`() throws {
        let key = try forge.key(.rs256)
        let open = try JSONWebKey(keyID: key.keyID, algorithm: nil, material: key.verificationKey().material)
        let header = #""kid":"\#(key.keyID)","alg":"#
        let rs = try forge.token(header: header + #""RS256""#, signedBy: .rs256)
        let verifier = try forge.verifier {
            $0.keys = .available(JSONWebKeySet(keys: [open]))
            $0.algorithms = [.ps256, .rs512]
        }
        #expect(verifier.refusal(of: rs) == .unsupportedAlgorithm)
        let allowing = try forge.verifier { $0.keys = .available(JSONWebKeySet(keys: [open])) }
        #expect(allowing.refusal(of: rs) == nil)
    }

    @Test func `each token is checked by its own issuer's rules`() throws {
        let own = TokenIssuer(own: "https://own.example", keys: try forge.keySet([.es256]))
        let foreign = try forge.verifier().issuers[0]
        let verifier = TokenVerifier(issuers: [own, foreign])
        let mine = TokenForge.claims.replacing("issuer.example", with: "own.example")
        #expect(try verifier.verify(try forge.token(claims: mine)).issuerIndex == 0)
        #expect(try verifier.verify(try forge.token()).issuerIndex == 1)
    }

    @Test func `a token can be taken apart without trust`() throws {
        let token = try forge.token(claims: #""iss":"x","exp":1"#)
        let parts = try Array(token.utf8).withUnsafeBytes { try UnverifiedToken($0) }
        #expect(parts.header["alg"]?.string == "ES256")
        #expect(parts.claims["exp"]?.int64 == 1)
    }
}

extension String {
    func replacing(_ text: String, with other: String) -> String {
        split(separator: text, omittingEmptySubsequences: false).joined(separator: other)
    }
}
