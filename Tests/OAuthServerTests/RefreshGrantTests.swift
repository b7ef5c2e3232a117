import JWT
import Testing

@testable import OAuthServer

@Suite struct RefreshGrantTests {
    @Test func `a refresh token gives a new access token of the same grant, and its successor`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens()
        test.clock.advance(by: 500)
        let second = try await test.refresh(first.refreshToken)
        let old = try #require(await test.keys.verify(accessToken: first.accessToken))
        let new = try #require(await test.keys.verify(accessToken: second.accessToken))
        #expect(new.grantID == old.grantID && new.tokenID != old.tokenID)
        #expect(new.scopes == ["openid", "notes:read"] && new.subject == "ada")
        #expect(new.claims["exp"]?.int64 == test.clock.now + 600)
        // When the user signed in does not change.
        #expect(new.claims["auth_time"] == old.claims["auth_time"])
        #expect(second.refreshToken != first.refreshToken)
        #expect(await test.store.grants(.all).first?.tokensExpireAt == test.clock.now + 600)
    }

    @Test func `an ID token that is refreshed is about the same log-in, without a nonce`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens(scopes: ["openid"])
        test.clock.advance(by: 500)
        let second = try await test.refresh(first.refreshToken)
        let idToken = try #require(second.idToken)
        let claims = try #require(await test.keys.claims(ofIDToken: idToken))
        #expect(claims["sub"]?.string == "ada" && claims["aud"]?.string == "app")
        #expect(claims["auth_time"]?.int64 == test.clock.now - 530)
        #expect(claims["nonce"] == nil && claims["at_hash"] != nil)
    }

    @Test func `refreshing goes on for as many times as the lifetimes allow`() async throws {
        let test = try await TestServer()
        var token = try await test.tokens().refreshToken
        for _ in 0..<30 {
            test.clock.advance(by: 86400)
            token = try await test.refresh(token).refreshToken
        }
        #expect(token != nil)
    }

    @Test func `scopes can be narrowed for one token, and the grant stays as it is`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens(scopes: ["openid", "notes:read", "notes:write"])
        let narrowed = try await test.refresh(first.refreshToken, ["scope": "notes:read"])
        #expect(narrowed.scopes == ["notes:read"] && narrowed.idToken == nil)
        #expect(await test.keys.verify(accessToken: narrowed.accessToken)?.scopes == ["notes:read"])
        let whole = try await test.refresh(narrowed.refreshToken)
        #expect(whole.scopes == ["openid", "notes:read", "notes:write"])
    }

    @Test func `what a granted scope implies can be asked for alone`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens(scopes: ["notes:write"])
        #expect(try await test.refresh(first.refreshToken, ["scope": "notes:read"]).scopes == ["notes:read"])
    }

    @Test func `a scope that the client has lost is not in its next token`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens(scopes: ["notes:read", "notes:write"])
        var client = TestServer.app
        client.scopes = ["notes:read"]
        #expect(try await test.refresh(first.refreshToken, client: client).scopes == ["notes:read"])
    }

    @Test func `a resource can be chosen for each token where the grant is for the issuer`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens()
        let second = try await test.refresh(first.refreshToken, ["resource": TestServer.api])
        #expect(await test.keys.verify(accessToken: second.accessToken)?.audiences == [TestServer.api])
        let third = try await test.refresh(second.refreshToken)
        #expect(await test.keys.verify(accessToken: third.accessToken)?.audiences == [TestServer.issuer])
    }

    @Test func `within the reuse interval the same successor comes again`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens()
        let second = try await test.refresh(first.refreshToken)
        test.clock.advance(by: 9)
        let again = try await test.refresh(first.refreshToken)
        #expect(again.refreshToken == second.refreshToken)
        #expect(await test.keys.verify(accessToken: again.accessToken) != nil)
        _ = try await test.refresh(second.refreshToken)
    }

    @Test func `refreshing at once from many places gives all of them the same successor`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens(scopes: ["notes:read"])
        let successors = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<64 { group.addTask { try await test.refresh(first.refreshToken).refreshToken } }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(successors.count == 1)
        #expect(!successors.contains(nil) && !successors.contains(first.refreshToken))
    }

    @Test func `a family ends with its absolute lifetime where that is the shorter one`() async throws {
        var test = try await TestServer()
        test.definition.refreshTokens = RefreshTokenPolicy(idleLifetime: 100, absoluteLifetime: 60, reuseInterval: 10)
        let text = try #require(try await test.tokens().refreshToken)
        let token = try #require(RefreshToken(text, key: TestServer.refreshKey))
        let family = try #require(await test.store.refreshFamily(token.familyID)?.family)
        #expect(family.idleExpiresAt == test.clock.now + 60 && family.absoluteExpiresAt == test.clock.now + 60)
    }
}
