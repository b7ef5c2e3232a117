import Bytes
import Crypto
import JSON
import Testing

@testable import JWT

@Suite struct SigningKeyRingTests {
    let store = MemorySigningKeyStore()
    let sealingKey = SealingKey()
    let start: Int64 = 1_800_000_000

    private func ring(
        _ algorithms: [SignatureAlgorithm] = [.es256],
        rotateEvery: Int64 = 86400,
        lead: Int64 = 3600
    ) -> SigningKeyRing {
        let policy = SigningKeyPolicy(
            algorithms: algorithms,
            rotateEvery: rotateEvery,
            publicationLead: lead,
            tokenLifetime: 600
        )
        return SigningKeyRing(store: store, sealingKey: sealingKey, policy: policy)
    }

    private func states() throws -> [SigningKeyRecord.State] { try store.signingKeys().map(\.state) }

    private func claims(expiresAt: Int64) -> AccessTokenClaims {
        AccessTokenClaims(
            issuer: "https://own.example",
            subject: "alice",
            audiences: ["https://own.example"],
            issuedAt: start,
            expiresAt: expiresAt,
            tokenID: AccessTokenClaims.makeIdentifier(),
            clientID: "app",
            scopes: ["a", "b"],
            authenticatedAt: start - 10,
            preferredUserName: "Alice",
            grantID: "g1"
        )
    }

    @Test func `the first start makes an active key of each algorithm, once`() throws {
        let ring = ring([.es256, .rs256])
        #expect(try ring.maintain(at: start).hasChanged)
        #expect(try store.signingKeys().map(\.algorithm) == [.es256, .rs256])
        #expect(try states() == [.active, .active])
        let before = try store.signingKeys()
        #expect(try ring.maintain(at: start) == .init(hasChanged: false, nextStepAt: start + 82800))
        #expect(try store.signingKeys() == before)
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a token of a key of ours is accepted by a verifier that knows it`(algorithm: SignatureAlgorithm) throws {
        let ring = ring([algorithm])
        let signer = try ring.signer(algorithm, expiresAt: start + 600, at: start)
        let token = try signer.mint(claims(expiresAt: start + 600))
        let keys = try ring.load().verificationKeys
        let verifier = TokenVerifier(issuers: [TokenIssuer(own: "https://own.example", keys: keys)])
        let verified = try verifier.verify(token, at: start)
        #expect(verified.grantID == "g1")
        #expect(verified.scopes == ["a", "b"])
        #expect(verified.claims["auth_time"]?.int64 == start - 10)
        #expect(verified.claims["preferred_username"]?.string == "Alice")
        let published = try JSONWebKeySet(parsing: keys.publicJSON(), allowsSecrets: true)
        #expect(published.keys.count == (algorithm.keyFamily == .secret ? 0 : 1))
        let header = try Array(token.utf8).withUnsafeBytes { try UnverifiedToken($0).header }
        #expect(header["typ"]?.string == "at+jwt")
        #expect(header["kid"]?.string == signer.keyID)
    }

    @Test func `the next key is published ahead, takes over on time, and the old one goes when its tokens are gone`()
        throws
    {
        let ring = ring()
        _ = try ring.maintain(at: start)
        let first = try store.signingKeys()[0].keyID
        #expect(try !ring.maintain(at: start + 82799).hasChanged)
        #expect(try ring.maintain(at: start + 82800) == .init(hasChanged: true, nextStepAt: start + 86400))
        #expect(try states() == [.active, .next])
        #expect(try ring.load().verificationKeys.keys.count == 2)
        #expect(try ring.load().signer(.es256)?.keyID == first)
        #expect(try !ring.maintain(at: start + 86399).hasChanged)
        #expect(try ring.maintain(at: start + 86400).hasChanged)
        #expect(try states() == [.active, .retired])
        #expect(try ring.load().signer(.es256)?.keyID != first)
        // The last token could be signed just before, and lives for 600 s; one minute is for the clocks.
        #expect(try !ring.maintain(at: start + 86400 + 660).hasChanged)
        #expect(try ring.load().verificationKeys.keys.count == 2)
        #expect(try ring.maintain(at: start + 86400 + 661).hasChanged)
        #expect(try states() == [.active])
    }

    @Test func `a key is kept for the longest token that it signed`() throws {
        let ring = ring()
        let day: Int64 = 86400
        let signer = try ring.signer(.es256, expiresAt: start + 10 * day, at: start)
        _ = try ring.rotate(at: start)
        _ = try ring.maintain(at: start + 3600)
        #expect(try store.signingKeys().first { $0.keyID == signer.keyID }?.state == .retired)
        for time in stride(from: start + 3600, through: start + 10 * day, by: 3600) { _ = try ring.maintain(at: time) }
        #expect(try store.signingKeys().contains { $0.keyID == signer.keyID })
        _ = try ring.maintain(at: start + 10 * day + 3661)
        #expect(try !store.signingKeys().contains { $0.keyID == signer.keyID })
    }

    @Test func `rotating by hand publishes first and signs after the lead time`() throws {
        let ring = ring([.es256, .eddsa])
        let rotated = try ring.rotate(at: start)
        #expect(rotated.map(\.state) == [.next, .next])
        #expect(rotated.map(\.activatesAt) == [start + 3600, start + 3600])
        // Once more changes nothing: it is published already.
        #expect(try ring.rotate(.es256, at: start + 60) == rotated.filter { $0.algorithm == .es256 })
        #expect(try !ring.maintain(at: start + 3599).hasChanged)
        _ = try ring.maintain(at: start + 3600)
        #expect(try Set(store.signingKeys().filter { $0.state == .active }.map(\.keyID)) == Set(rotated.map(\.keyID)))
    }

    @Test func `without a lead time the new key signs at once`() throws {
        let ring = ring(lead: 0)
        _ = try ring.maintain(at: start)
        let rotated = try ring.rotate(at: start + 5)
        #expect(rotated.map(\.state) == [.active])
        #expect(try ring.load().signer(.es256)?.keyID == rotated[0].keyID)
        #expect(try states() == [.active, .retired])
    }

    @Test func `a next key that is published already takes over sooner`() throws {
        let ring = ring()
        _ = try ring.maintain(at: start)
        _ = try ring.maintain(at: start + 82800)
        let rotated = try ring.rotate(at: start + 83000)
        #expect(rotated.map(\.activatesAt) == [start + 86400])
        let early = SigningKeyRing(
            store: store,
            sealingKey: sealingKey,
            policy: .init(algorithms: [.es256], publicationLead: 60)
        )
        #expect(try early.rotate(at: start + 83000).map(\.state) == [.active])
    }

    @Test func `removing a key refuses its tokens as of an unknown key`() throws {
        let ring = ring()
        let signer = try ring.signer(.es256, expiresAt: start + 600, at: start)
        let token = try signer.mint(claims(expiresAt: start + 600))
        #expect(try ring.remove(signer.keyID, at: start))
        let keys = try ring.load().verificationKeys
        let verifier = TokenVerifier(issuers: [TokenIssuer(own: "https://own.example", keys: keys)])
        #expect(verifier.refusal(of: token, at: start) == .unknownKey)
        // There is always one that signs.
        #expect(try ring.load().signer(.es256) != nil)
        #expect(try !ring.remove(signer.keyID, at: start))
        #expect(try !ring.reserveUse(of: signer, until: start + 600))
    }

    @Test func `where a next key is published, it takes the place of a removed one`() throws {
        let ring = ring()
        let next = try ring.rotate(at: start)[0].keyID
        let active = try #require(try store.signingKeys().first { $0.state == .active }).keyID
        #expect(try ring.remove(active, at: start + 1))
        #expect(try store.signingKeys().map(\.keyID) == [next])
        #expect(try states() == [.active])
    }

    @Test func `removing a next or retired key leaves the active one alone`() throws {
        let ring = ring()
        let next = try ring.rotate(at: start)[0].keyID
        #expect(try ring.remove(next, at: start))
        #expect(try states() == [.active])
    }

    @Test func `another encryption key opens nothing and replaces nothing`() throws {
        let ring = ring()
        _ = try ring.maintain(at: start)
        let keyID = try store.signingKeys()[0].keyID
        let other = SigningKeyRing(store: store, sealingKey: SealingKey(), policy: ring.policy)
        #expect(throws: StoreError.unreadableKey(keyID: keyID)) { try other.maintain(at: start + 1_000_000) }
        #expect(throws: StoreError.unreadableKey(keyID: keyID)) { try other.load() }
        #expect(throws: StoreError.unreadableKey(keyID: keyID)) { try other.rotate(at: start) }
        #expect(try store.signingKeys().map(\.keyID) == [keyID])
    }

    @Test func `a sealed key does not open under another name or algorithm`() throws {
        let ring = ring()
        _ = try ring.maintain(at: start)
        let record = try store.signingKeys()[0]
        for (keyID, algorithm) in [("other", record.algorithm), (record.keyID, .hs256)] {
            let moved = MemorySigningKeyStore()
            _ = try moved.insertActiveKey(
                SigningKeyRecord(
                    keyID: keyID,
                    algorithm: algorithm,
                    state: .active,
                    createdAt: start,
                    activatesAt: start,
                    sealedKey: record.sealedKey
                )
            )
            let ring = SigningKeyRing(store: moved, sealingKey: sealingKey, policy: ring.policy)
            #expect(throws: StoreError.unreadableKey(keyID: keyID)) { try ring.load() }
        }
    }

    @Test func `a key's name does not look like an option`() throws {
        for _ in 0..<300 {
            let key = try SigningKey(generating: .hs256)
            #expect(key.keyID.utf8.count == 12)
            #expect(!key.keyID.hasPrefix("-") && !key.keyID.hasPrefix("_"))
        }
    }

    @Test func `noting the use writes once an hour`() throws {
        let ring = ring()
        let signer = try ring.signer(.es256, expiresAt: start + 1, at: start)
        #expect(try store.signingKeys()[0].signedUntil == start + 3600)
        #expect(try ring.reserveUse(of: signer, until: start + 3600))
        #expect(try store.signingKeys()[0].signedUntil == start + 3600)
        #expect(try ring.reserveUse(of: signer, until: start + 3601))
        #expect(try store.signingKeys()[0].signedUntil == start + 7200)
    }

    @Test func `absurd times overflow nothing`() throws {
        let ring = ring(rotateEvery: .max, lead: .max)
        let signer = try ring.signer(.es256, expiresAt: .max, at: start)
        #expect(try ring.reserveUse(of: signer, until: .max))
        _ = try ring.rotate(at: start)
        #expect(try ring.maintain(at: start).nextStepAt != nil)
    }

    @Test func `several audiences become an array, no scopes no claim`() throws {
        var claims = claims(expiresAt: start + 600)
        claims.audiences = ["a", "b"]
        claims.scopes = []
        let node = try JSONParser.parse(claims.json())
        #expect(node["aud"]?.array?.map(\.string) == ["a", "b"])
        #expect(node["scope"] == nil)
    }
}
