import JWT
import Testing

@testable import OAuthServer

/// Restricted scopes are judged again at each refresh.
struct RestrictedRefreshTests {
    /// A server where ada has these restricted scopes, and a scope implies a restricted one.
    private func server(restricted: [String]) async throws -> TestServer {
        var test = try await TestServer()
        let more = ScopeDefinition(name: "notes:all", description: "All", implies: ["notes:read", "notes:admin"])
        let declared = test.definition.scopes.definitions.filter { $0.name.hasPrefix("notes:") }
        test.definition.scopes = ScopeCatalog(declared + [more])
        try await give(restricted, in: test)
        return test
    }

    /// Ada loses what she had and gets these.
    private func give(_ restricted: [String], in test: TestServer) async throws {
        var user = try #require(await test.store.user("ada"))
        user.restrictedScopes = restricted
        await test.store.replace(user)
    }

    @Test func `one that the user still has stays, and one that was taken from them is left out`() async throws {
        let test = try await server(restricted: ["notes:admin"])
        let first = try await test.tokens(scopes: ["notes:read", "notes:admin"])
        let second = try await test.refresh(first.refreshToken)
        #expect(second.scopes == ["notes:read", "notes:admin"])
        try await give([], in: test)
        let third = try await test.refresh(second.refreshToken)
        #expect(third.scopes == ["notes:read"])
        #expect(await test.keys.verify(accessToken: third.accessToken)?.scopes == ["notes:read"])
        // The grant keeps it, for the day that the user gets it back.
        try await give(["notes:admin"], in: test)
        #expect(try await test.refresh(third.refreshToken).scopes == ["notes:read", "notes:admin"])
    }

    @Test func `asking for it does not help`() async throws {
        let test = try await server(restricted: [])
        let first = try await test.tokens(scopes: ["notes:read", "notes:admin"])
        let second = try await test.refresh(first.refreshToken, ["scope": "notes:read notes:admin"])
        #expect(second.scopes == ["notes:read"])
        await expectRefusal(.invalidScope, .notPermittedToUser) {
            _ = try await test.refresh(second.refreshToken, ["scope": "notes:admin"])
        }
        // The refusal did not cost the refresh token.
        #expect(try await test.refresh(second.refreshToken).scopes == ["notes:read"])
    }

    @Test func `a scope that implies a restricted one is judged as that one`() async throws {
        let test = try await server(restricted: ["notes:admin"])
        var client = TestServer.app
        client.scopes.append("notes:all")
        let first = try await test.tokens(for: client, scopes: ["notes:write", "notes:all"])
        let second = try await test.refresh(first.refreshToken, client: client)
        #expect(second.scopes == ["notes:write", "notes:all"])
        try await give([], in: test)
        let third = try await test.refresh(second.refreshToken, client: client)
        #expect(third.scopes == ["notes:write"])
        // It must not come back by the name of what was implied.
        await expectRefusal(.invalidScope, .notPermittedToUser) {
            _ = try await test.refresh(third.refreshToken, client: client, ["scope": "notes:admin"])
        }
    }

    @Test func `a scope that is restricted by now counts as one`() async throws {
        var test = try await TestServer()
        let first = try await test.tokens(scopes: ["notes:read", "notes:write"])
        let restricted = test.definition.scopes.definitions.map { scope in
            var scope = scope
            scope.isRestricted = scope.name == "notes:write"
            return scope
        }
        test.definition.scopes = ScopeCatalog(restricted)
        #expect(try await test.refresh(first.refreshToken).scopes == ["notes:read"])
    }
}

extension MemoryAuthorizationStore {
    fileprivate func replace(_ user: OAuthUser) { usersByName[Key(user.name)] = user }
}
