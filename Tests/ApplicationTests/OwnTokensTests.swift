import Bytes
import Crypto
import JSON
import JWT
import Locking
import Testing

@testable import Application

@Suite struct OwnTokensTests {
    private let store = CountingKeyStore()
    private let ring: SigningKeyRing
    private let time = Locked<Int64>(Self.start)
    private let tokens: OwnTokens

    private static let start: Int64 = 1_800_000_000
    private static let issuer = "https://gate.example.com"

    init() throws {
        ring = SigningKeyRing(store: store, sealingKey: SealingKey(), policy: SigningKeyPolicy())
        _ = try ring.maintain(at: Self.start)
        tokens = OwnTokens(
            issuer: Self.issuer,
            ring: ring,
            keys: try ring.load(),
            revocations: RevocationList(),
            algorithm: .es256,
            clock: { [time] in time.withLock { $0 } }
        )
    }

    @Test func `a token that was minted is verified, until it expires or is revoked`() async throws {
        let token = try await tokens.mintAccessToken(claims())
        let verified = try #require(await tokens.verify(accessToken: token))
        #expect(verified.subject == "ada")
        #expect(verified.grantID == "g")
        tokens.update(revocations: RevocationList([Revocation(.grant(id: "g"), expiresAt: Self.start + 600)]))
        #expect(await tokens.verify(accessToken: token) == nil)
        tokens.update(revocations: RevocationList())
        #expect(await tokens.verify(accessToken: token) != nil)
        time.withLock { $0 += 700 }
        #expect(await tokens.verify(accessToken: token) == nil)
    }

    @Test func `the configuration decides about the algorithm of access tokens`() async throws {
        tokens.update(issuer: Self.issuer, algorithm: .rs256)
        #expect(Self.header(try await tokens.mintAccessToken(claims()))?["alg"]?.string == "RS256")
        tokens.update(issuer: Self.issuer, algorithm: .es256)
        #expect(Self.header(try await tokens.mintAccessToken(claims()))?["alg"]?.string == "ES256")
    }

    @Test func `the configuration decides whose tokens are ours, and keys that change leave it so`() async throws {
        let old = try await tokens.mintAccessToken(claims())
        tokens.update(issuer: "https://new.example.com", algorithm: .es256)
        #expect(await tokens.verify(accessToken: old) == nil)
        tokens.update(keys: try ring.load())
        var claims = claims()
        claims.issuer = "https://new.example.com"
        let new = try await tokens.mintAccessToken(claims)
        #expect(await tokens.verify(accessToken: new)?.issuer == "https://new.example.com")
        #expect(await tokens.verify(accessToken: old) == nil)
    }

    @Test func `many tokens at once note the use of their key once an hour`() async throws {
        let claims = claims()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<64 { group.addTask { [tokens] in _ = try await tokens.mintAccessToken(claims) } }
            try await group.waitForAll()
        }
        #expect(store.extensions == 1)
        _ = try await tokens.mintAccessToken(self.claims(lifetime: 4000))
        #expect(store.extensions == 2)
    }

    @Test func `a key that was removed signs no more`() async throws {
        let old = try #require(Self.header(try await tokens.mintAccessToken(claims()))?["kid"]?.string)
        #expect(try ring.remove(old, at: Self.start))
        // The next hour asks the storage, which is before anybody has told us.
        let token = try await tokens.mintAccessToken(claims(lifetime: 8000))
        #expect(Self.header(token)?["kid"]?.string != old)
        #expect(await tokens.verify(accessToken: token) != nil)
    }

    @Test func `an ID token counts as a hint even when it has expired, and as nothing else`() async throws {
        let payload = #"{"iss":"\#(Self.issuer)","sub":"ada","aud":"app","exp":1,"iat":0}"#
        let token = try await tokens.sign(idToken: Array(payload.utf8), algorithm: "RS256")
        #expect(await tokens.claims(ofIDToken: token)?["sub"]?.string == "ada")
        #expect(await tokens.verify(accessToken: token) == nil)
        #expect(await tokens.claims(ofIDToken: String(token.dropLast(6)) + "AAAAAA") == nil)
        #expect(await tokens.claims(ofIDToken: try await tokens.mintAccessToken(claims())) == nil)
        let foreign = #"{"iss":"https://other.example","sub":"ada","aud":"app","exp":1,"iat":0}"#
        let other = try await tokens.sign(idToken: Array(foreign.utf8), algorithm: "RS256")
        #expect(await tokens.claims(ofIDToken: other) == nil)
    }

    @Test(arguments: ["HS256", "none", "", "ES512"])
    func `an ID token is signed only with what there is a key for`(_ algorithm: String) async {
        await #expect(throws: StoreError.self) { try await tokens.sign(idToken: [], algorithm: algorithm) }
    }

    private func claims(lifetime: Int64 = 600) -> AccessTokenClaims {
        AccessTokenClaims(
            issuer: Self.issuer,
            subject: "ada",
            audiences: [Self.issuer],
            issuedAt: Self.start,
            expiresAt: Self.start + lifetime,
            tokenID: "t",
            clientID: "app",
            scopes: ["notes:read"],
            grantID: "g"
        )
    }

    private static func header(_ token: String) -> JSONNode? {
        guard let bytes = Base64URL.decode(String(token.prefix { $0 != "." })) else { return nil }
        return try? JSONParser.parse(bytes)
    }
}

/// Counts how often the use of a key is noted.
private final class CountingKeyStore: SigningKeyStore {
    private let store = MemorySigningKeyStore()
    private let count = Locked(0)

    var extensions: Int { count.withLock { $0 } }

    func signingKeys() throws(StoreError) -> [SigningKeyRecord] { try store.signingKeys() }

    func insertActiveKey(_ record: SigningKeyRecord) throws(StoreError) -> Bool { try store.insertActiveKey(record) }

    func insertNextKey(_ record: SigningKeyRecord) throws(StoreError) -> Bool { try store.insertNextKey(record) }

    func scheduleNextKey(_ keyID: String, activatesAt: Int64) throws(StoreError) -> Bool {
        try store.scheduleNextKey(keyID, activatesAt: activatesAt)
    }

    func promoteKey(_ keyID: String, at unixTime: Int64) throws(StoreError) -> Bool {
        try store.promoteKey(keyID, at: unixTime)
    }

    func extendUse(ofKey keyID: String, until unixTime: Int64) throws(StoreError) -> Bool {
        count.withLock { $0 += 1 }
        return try store.extendUse(ofKey: keyID, until: unixTime)
    }

    func removeKey(
        _ keyID: String,
        replacement: SigningKeyRecord?,
        at unixTime: Int64
    ) throws(StoreError) -> Bool {
        try store.removeKey(keyID, replacement: replacement, at: unixTime)
    }

    func removeRetiredKey(_ keyID: String, signedUntil: Int64) throws(StoreError) -> Bool {
        try store.removeRetiredKey(keyID, signedUntil: signedUntil)
    }
}
