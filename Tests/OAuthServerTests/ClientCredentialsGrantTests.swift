import JWT
import Testing

@testable import OAuthServer

@Suite struct ClientCredentialsGrantTests {
    private func token(
        _ test: TestServer,
        _ changes: [String: String?] = [:],
        client: OAuthClient = TestServer.machine
    ) async throws(OAuthError) -> TokenResponse {
        let parameters = TestServer.parameters(["grant_type": "client_credentials"], changes)
        return try await test.server.token(parameters, client: client, context: TestServer.context)
    }

    @Test func `a client gets a token in which it is the subject and there is no user`() async throws {
        let test = try await TestServer()
        let response = try await token(test, ["scope": "notes:read"])
        let token = try #require(await test.keys.verify(accessToken: response.accessToken))
        #expect(token.subject == "machine" && token.clientID == "machine" && token.userName == nil)
        #expect(token.scopes == ["notes:read"] && token.audiences == [TestServer.issuer])
        #expect(token.claims["auth_time"] == nil && token.claims["preferred_username"] == nil)
        #expect(response.refreshToken == nil && response.idToken == nil)
    }

    @Test func `without a scope it gets all that it may have for itself`() async throws {
        #expect(try await token(TestServer()).scopes == ["notes:read", "notes:write"])
    }

    @Test func `the same request uses the same grant again, which is audited once`() async throws {
        let test = try await TestServer()
        let first = try await token(test, ["scope": "notes:read notes:write"])
        test.clock.advance(by: 60)
        let second = try await token(test, ["scope": "notes:write notes:read notes:read"])
        let firstToken = try #require(await test.keys.verify(accessToken: first.accessToken))
        let secondToken = try #require(await test.keys.verify(accessToken: second.accessToken))
        #expect(firstToken.grantID == secondToken.grantID && firstToken.tokenID != secondToken.tokenID)
        #expect(test.audit.kinds == [.grantCreated])
        let grant = try #require(await test.store.grants(.ofClient("machine")).first)
        #expect(grant.userName == nil && grant.tokensExpireAt >= test.clock.now + 600)
    }

    @Test func `other scopes or another resource are another grant`() async throws {
        let test = try await TestServer()
        _ = try await token(test, ["scope": "notes:read"])
        _ = try await token(test, ["scope": "notes:write"])
        let response = try await token(test, ["scope": "notes:read", "resource": TestServer.api])
        #expect(await test.keys.verify(accessToken: response.accessToken)?.audiences == [TestServer.api])
        #expect(await test.store.grants(.ofClient("machine")).count == 3)
    }

    @Test func `ending the grant ends its tokens`() async throws {
        let test = try await TestServer()
        let response = try await token(test)
        let revoked = try await test.store.revokeGrants(
            .ofClient("machine"),
            forgettingConsent: false,
            at: test.clock.now
        )
        await test.keys.apply(revoked)
        #expect(await test.keys.verify(accessToken: response.accessToken) == nil)
    }

    @Test(arguments: [
        ("openid", OAuthError.Reason.scopeNotAllowed), ("offline_access", .scopeNotAllowed),
        ("notes:admin", .scopeNotAllowed), ("notes:read notes:admin", .scopeNotAllowed), ("profile", .scopeNotAllowed),
        ("unknown", .unknownScope), ("NOTES:READ", .unknownScope), ("notes:read\\", .unknownScope),
    ])
    func `a scope about a user, a restricted one and one that it lacks are refused`(
        scope: String,
        reason: OAuthError.Reason
    ) async throws {
        let test = try await TestServer()
        await expectRefusal(.invalidScope, reason) { _ = try await token(test, ["scope": scope]) }
        #expect(await test.store.grants(.all).isEmpty)
    }

    @Test func `a scope that implies a restricted one is refused too`() async throws {
        var test = try await TestServer()
        test.definition.scopes = ScopeCatalog([
            ScopeDefinition(name: "all", description: "All", implies: ["secret"]),
            ScopeDefinition(name: "secret", description: "Secret", isRestricted: true),
        ])
        var client = TestServer.machine
        client.scopes = ["all"]
        let changed = test
        await expectRefusal(.invalidScope, .scopeNotAllowed) {
            _ = try await token(changed, ["scope": "all"], client: client)
        }
        #expect(try await token(changed, client: client).scopes.isEmpty)
    }

    @Test func `a scope that is declared but not the client's is refused`() async throws {
        let test = try await TestServer()
        var client = TestServer.machine
        client.scopes = ["notes:read"]
        await expectRefusal(.invalidScope, .scopeNotAllowed) {
            _ = try await token(test, ["scope": "notes:write"], client: client)
        }
    }

    @Test func `an unknown resource is refused`() async throws {
        let test = try await TestServer()
        await expectRefusal(.invalidTarget, .unknownResource) {
            _ = try await token(test, ["resource": "https://elsewhere.example"])
        }
    }

    @Test func `a public client is refused even where it is registered for the grant`() async throws {
        let test = try await TestServer()
        await expectRefusal(.unauthorizedClient, .grantTypeNotRegistered) {
            _ = try await token(test, client: TestServer.spa)
        }
    }
}
