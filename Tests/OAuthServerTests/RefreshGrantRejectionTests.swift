import Bytes
import JWT
import Testing

@testable import OAuthServer

@Suite struct RefreshGrantRejectionTests {
    @Test func `a refresh token must be there`() async throws {
        let test = try await TestServer()
        await expectRefusal(.invalidRequest, .malformedRequest) { _ = try await test.refresh(nil) }
    }

    @Test func `what is no refresh token of ours is refused`() async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens()
        var forged = try #require(tokens.refreshToken.flatMap { Base64URL.decode($0) })
        forged[19] ^= 1
        for text in ["x", Base64URL.encode(forged), tokens.accessToken, String(repeating: "a", count: 60_000)] {
            await expectRefusal(.invalidGrant, .unknownRefreshToken) { _ = try await test.refresh(text) }
        }
    }

    @Test func `a token of a family that is not there is refused`() async throws {
        let test = try await TestServer()
        let token = RefreshToken(familyID: Array(repeating: 7, count: 16), generation: 0)
        await expectRefusal(.invalidGrant, .unknownRefreshToken) {
            _ = try await test.refresh(token.text(key: TestServer.refreshKey))
        }
    }

    @Test func `a generation that was never handed out is refused, and ends nothing`() async throws {
        let test = try await TestServer()
        let first = try #require(try await test.tokens().refreshToken)
        var token = try #require(RefreshToken(first, key: TestServer.refreshKey))
        token.generation = 5
        let text = token.text(key: TestServer.refreshKey)
        await expectRefusal(.invalidGrant, .unknownRefreshToken) { _ = try await test.refresh(text) }
        _ = try await test.refresh(first)
    }

    @Test func `another client's refresh token is refused, audited, and stays good for its own`() async throws {
        let test = try await TestServer()
        let token = try await test.tokens().refreshToken
        await expectRefusal(.invalidGrant, .otherClient) {
            _ = try await test.refresh(token, client: TestServer.otherApp)
        }
        let event = try #require(test.audit.events.last)
        #expect(event.kind == .tokenOfOtherClient && event.client == "other" && event.user == "ada")
        _ = try await test.refresh(token)
    }

    @Test(arguments: ["notes:write", "notes:read notes:write", "unknown", "notes:admin", "Notes:read", "notes:read\""])
    func `scopes are never widened, and the token stays good`(scope: String) async throws {
        let test = try await TestServer()
        let first = try await test.tokens(scopes: ["openid", "notes:read"])
        let error = await #expect(throws: OAuthError.self) {
            _ = try await test.refresh(first.refreshToken, ["scope": scope])
        }
        #expect(error?.code == .invalidScope && error?.status == 400)
        #expect(try await test.refresh(first.refreshToken).scopes == ["openid", "notes:read"])
    }

    @Test func `a client that has lost all scopes of the grant gets nothing`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens(scopes: ["notes:read"])
        var client = TestServer.app
        client.scopes = ["openid"]
        await expectRefusal(.invalidScope, .scopeNotAllowed) {
            _ = try await test.refresh(first.refreshToken, client: client)
        }
    }

    @Test func `a resource is never changed to one that was not granted`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens(resource: TestServer.api)
        await expectRefusal(.invalidTarget, .unknownResource) {
            _ = try await test.refresh(first.refreshToken, ["resource": TestServer.issuer])
        }
        await expectRefusal(.invalidTarget, .unknownResource) {
            _ = try await test.refresh(first.refreshToken, ["resource": "https://elsewhere.example"])
        }
    }

    @Test func `a refresh token that was not used for its idle lifetime has expired`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens()
        test.clock.advance(by: 14 * 86400 - 1)
        let second = try await test.refresh(first.refreshToken)
        test.clock.advance(by: 14 * 86400)
        await expectRefusal(.invalidGrant, .expiredRefreshToken) { _ = try await test.refresh(second.refreshToken) }
    }

    @Test func `no use prolongs a family beyond its absolute lifetime`() async throws {
        let test = try await TestServer()
        var token = try await test.tokens().refreshToken
        for _ in 0..<89 {
            test.clock.advance(by: 86400)
            token = try await test.refresh(token).refreshToken
        }
        test.clock.advance(by: 86400)
        await expectRefusal(.invalidGrant, .expiredRefreshToken) { _ = try await test.refresh(token) }
    }

    @Test func `a refresh token of a disabled user is refused`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens()
        _ = try await test.store.setDisabled(true, user: "ada", at: test.clock.now)
        await expectRefusal(.invalidGrant, .unknownRefreshToken) { _ = try await test.refresh(first.refreshToken) }
    }

    @Test func `a key that can't sign does not cost the client its refresh token`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens()
        let broken = TestKeys(clock: test.clock)
        broken.fail(.unavailable("no keys"))
        let parameters = TestServer.parameters(["grant_type": "refresh_token", "refresh_token": first.refreshToken])
        await expectRefusal(.temporarilyUnavailable, .storageUnavailable) {
            _ = try await test.server(minting: broken)
                .token(parameters, client: TestServer.app, context: TestServer.context)
        }
        test.clock.advance(by: 3600)
        _ = try await test.refresh(first.refreshToken)
    }
}

@Suite struct RefreshReuseTests {
    @Test func `an old token that comes again after the reuse interval ends the whole grant`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens()
        let second = try await test.refresh(first.refreshToken)
        let grantID = try #require(await test.keys.verify(accessToken: second.accessToken)?.grantID)
        test.clock.advance(by: 10)
        await expectRefusal(.invalidGrant, .usedRefreshToken) { _ = try await test.refresh(first.refreshToken) }
        // Applied before the answer: the tokens of whoever has the other copy are refused too.
        #expect(test.keys.applied.contains(.grant(id: grantID)))
        #expect(await test.keys.verify(accessToken: first.accessToken) == nil)
        #expect(await test.keys.verify(accessToken: second.accessToken) == nil)
        await expectRefusal(.invalidGrant, .unknownRefreshToken) { _ = try await test.refresh(second.refreshToken) }
        let event = try #require(test.audit.events.last)
        #expect(event.kind == .refreshTokenReused && event.grant == grantID && event.user == "ada")
        #expect(event.client == "app" && event.address == TestServer.context.address)
    }

    @Test func `the token before the last one ends the grant even within the reuse interval`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens()
        let second = try await test.refresh(first.refreshToken)
        _ = try await test.refresh(second.refreshToken)
        await expectRefusal(.invalidGrant, .usedRefreshToken) { _ = try await test.refresh(first.refreshToken) }
    }

    @Test func `another client that presents a used token ends nothing`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens()
        let second = try await test.refresh(first.refreshToken)
        test.clock.advance(by: 60)
        await expectRefusal(.invalidGrant, .otherClient) {
            _ = try await test.refresh(first.refreshToken, client: TestServer.otherApp)
        }
        _ = try await test.refresh(second.refreshToken)
    }

    @Test func `without a reuse interval a token is good once`() async throws {
        var test = try await TestServer()
        test.definition.refreshTokens.reuseInterval = 0
        let first = try await test.tokens()
        _ = try await test.refresh(first.refreshToken)
        let again = test
        await expectRefusal(.invalidGrant, .usedRefreshToken) { _ = try await again.refresh(first.refreshToken) }
    }
}
