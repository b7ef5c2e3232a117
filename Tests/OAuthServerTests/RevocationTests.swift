import JWT
import Testing

@testable import OAuthServer

@Suite struct RevocationTests {
    private func revoke(
        _ token: String?,
        _ test: TestServer,
        client: OAuthClient = TestServer.app,
        hint: String? = nil
    ) async throws(OAuthError) {
        let parameters = TestServer.parameters(["token": token, "token_type_hint": hint])
        try await test.server.revoke(parameters, client: client, context: TestServer.context)
    }

    @Test(arguments: [nil, "access_token", "refresh_token", "nonsense"])
    func `an access token ends alone, whatever the hint`(hint: String?) async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens()
        let other = try await test.refresh(tokens.refreshToken)
        try await revoke(tokens.accessToken, test, hint: hint)
        #expect(await test.keys.verify(accessToken: tokens.accessToken) == nil)
        #expect(await test.keys.verify(accessToken: other.accessToken) != nil)
        _ = try await test.refresh(other.refreshToken)
        let event = try #require(test.audit.events.last)
        #expect(event.kind == .tokenRevoked && event.user == "ada" && event.client == "app")
    }

    @Test(arguments: [nil, "access_token", "refresh_token", "nonsense"])
    func `a refresh token ends its grant with all tokens, whatever the hint`(hint: String?) async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens()
        try await revoke(tokens.refreshToken, test, hint: hint)
        #expect(await test.keys.verify(accessToken: tokens.accessToken) == nil)
        #expect(await test.store.grants(.all).isEmpty)
        await expectRefusal(.invalidGrant, .unknownRefreshToken) { _ = try await test.refresh(tokens.refreshToken) }
        #expect(test.audit.kinds.last == .grantRevoked)
    }

    @Test func `a refresh token that is used up ends its grant too`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens()
        let second = try await test.refresh(first.refreshToken)
        try await revoke(first.refreshToken, test)
        await expectRefusal(.invalidGrant, .unknownRefreshToken) { _ = try await test.refresh(second.refreshToken) }
    }

    @Test func `revoking keeps the consent`() async throws {
        let test = try await TestServer()
        let consent = Consent(
            userName: "ada",
            clientID: "app",
            scopes: ["notes:read"],
            grantedAt: test.clock.now,
            expiresAt: test.clock.now + 100
        )
        await test.store.saveConsent(consent)
        try await revoke(try await test.tokens().refreshToken, test)
        #expect(await test.store.consent(user: "ada", client: "app", at: test.clock.now) == consent)
    }

    @Test func `a token that is not known or has ended is as the client wants it`() async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens()
        for token in ["x", "a.b.c", tokens.idToken] { try await revoke(token, test) }
        for token in [tokens.accessToken, tokens.refreshToken] {
            try await revoke(token, test)
            try await revoke(token, test)
        }
        let later = try await test.tokens()
        test.clock.advance(by: 100 * 86400)
        try await revoke(later.accessToken, test)
        try await revoke(later.refreshToken, test)
    }

    @Test func `another client's tokens are refused, audited and stay good`() async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens()
        for token in [tokens.accessToken, tokens.refreshToken] {
            await expectRefusal(.invalidGrant, .otherClient) {
                try await revoke(token, test, client: TestServer.otherApp)
            }
            #expect(test.audit.events.last?.kind == .tokenOfOtherClient)
        }
        #expect(await test.keys.verify(accessToken: tokens.accessToken) != nil)
        _ = try await test.refresh(tokens.refreshToken)
        #expect(test.keys.applied.isEmpty)
    }

    @Test func `a public client can end its own tokens`() async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens(for: TestServer.spa)
        try await revoke(tokens.accessToken, test, client: TestServer.spa)
        #expect(await test.keys.verify(accessToken: tokens.accessToken) == nil)
    }

    @Test func `a token must be there, once`() async throws {
        let test = try await TestServer()
        await expectRefusal(.invalidRequest, .malformedRequest) { try await revoke(nil, test) }
        await expectRefusal(.invalidRequest, .repeatedParameter) {
            let parameters = RequestParameters([("token", "a"), ("token", "b")])
            try await test.server.revoke(parameters, client: TestServer.app, context: TestServer.context)
        }
    }
}
