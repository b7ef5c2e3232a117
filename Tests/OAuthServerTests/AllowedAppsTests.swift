import Testing

@testable import OAuthServer

/// What a user has allowed to whom, and taking it back.
struct AllowedAppsTests {
    @Test func `an app is listed once, with all that it was allowed`() async throws {
        let test = try await TestServer()
        _ = try await test.allow(try await test.valid(["scope": "openid email"]), ["email"])
        test.clock.advance(by: 100)
        _ = try await test.tokens(scopes: ["notes:read"])
        test.clock.advance(by: 100)
        _ = try await test.tokens(for: TestServer.otherApp, scopes: ["notes:read"])
        let apps = try await test.server.allowedApps(ofUser: "ada")
        #expect(apps.map(\.clientID) == ["other", "app"])
        #expect(apps[1].client == TestServer.app)
        #expect(apps[1].target == .web(host: "app.example"))
        #expect(apps[1].scopes.map(\.name) == ["openid", "email", "notes:read"])
        #expect(apps[1].allowedAt == test.clock.now - 100)
        #expect(apps[1].lastUsedAt == test.clock.now - 100)
        #expect(apps[1].consentExpiresAt == test.clock.now - 200 + 30 * 86400)
        #expect(apps[0].consentExpiresAt == nil)
        #expect(try await test.server.allowedApps(ofUser: "bob").isEmpty)
    }

    @Test func `no more are listed than a page can show`() async throws {
        let test = try await TestServer()
        for index in 0..<150 {
            let grant = Grant(
                id: "g\(index)",
                userName: "ada",
                clientID: "c\(index % 120)",
                scopes: ["notes:read"],
                resource: TestServer.issuer,
                createdAt: Int64(index),
                tokensExpireAt: test.clock.now
            )
            await test.store.insertGrant(grant)
        }
        _ = try await test.allow(try await test.valid(), ["notes:read"])
        let apps = try await test.server.allowedApps(ofUser: "ada").map(\.clientID)
        let expected = (51..<150).reversed().map { "c\($0 % 120)" }
        #expect(apps == ["app"] + expected)
    }

    @Test func `an app that is remembered and has no token is listed`() async throws {
        let test = try await TestServer()
        _ = try await test.allow(try await test.valid(), ["notes:read"])
        let apps = try await test.server.allowedApps(ofUser: "ada")
        #expect(apps.map(\.clientID) == ["app"])
        #expect(apps.first?.lastUsedAt == nil)
    }

    @Test func `what is taken back is refused at once, and asked again`() async throws {
        let test = try await TestServer()
        let request = try await test.valid()
        _ = try await test.allow(request, ["notes:read"])
        let tokens = try await test.tokens()
        let other = try await test.tokens(for: TestServer.otherApp, scopes: ["notes:read"])
        #expect(try await test.server.removeApp("app", ofUser: "ada", context: TestServer.context))
        #expect(await test.keys.verify(accessToken: tokens.accessToken) == nil)
        #expect(await test.keys.verify(accessToken: other.accessToken) != nil)
        await expectRefusal(.invalidGrant, .unknownRefreshToken) {
            _ = try await test.refresh(tokens.refreshToken)
        }
        _ = try await test.prompt(request)
        #expect(try await test.server.allowedApps(ofUser: "ada").map(\.clientID) == ["other"])
        let event = test.audit.events.last
        #expect(event?.kind == .grantRevoked && event?.user == "ada" && event?.client == "app")
        #expect(try await test.server.removeApp("app", ofUser: "ada", context: TestServer.context) == false)
    }

    @Test func `a code that is on its way is taken back too`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode()
        #expect(try await test.server.removeApp("app", ofUser: "ada", context: TestServer.context) == false)
        await expectRefusal(.invalidGrant, .unknownCode) {
            _ = try await test.server.token(
                TestServer.codeParameters(code),
                client: TestServer.app,
                context: TestServer.context
            )
        }
    }

    @Test func `an app that is not registered any more can still be taken back`() async throws {
        let test = try await TestServer()
        var gone = TestServer.app
        gone.id = "gone"
        gone.scopes = ["old"]
        _ = try await test.tokens(for: gone, scopes: ["old"])
        let app = try #require(try await test.server.allowedApps(ofUser: "ada").first)
        #expect(app.client == nil && app.target == nil)
        #expect(app.scopes == [ScopeDefinition(name: "old", description: "old")])
        #expect(try await test.server.removeApp("gone", ofUser: "ada", context: TestServer.context))
    }
}
