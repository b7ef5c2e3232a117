import Testing

@testable import OAuthServer

/// Who may allow a scope that not everybody has.
struct RestrictedScopeTests {
    private func server() async throws -> TestServer {
        var test = try await TestServer()
        test.definition.scopes = ScopeCatalog(
            test.definition.scopes.definitions + [
                ScopeDefinition(name: "all", description: "All", implies: ["most"]),
                ScopeDefinition(name: "most", description: "Most", implies: ["notes:admin", "notes:read"]),
                ScopeDefinition(name: "super", description: "Super", implies: ["notes:admin"], isRestricted: true),
            ]
        )
        var client = TestServer.app
        client.id = "big"
        client.scopes += ["all", "most", "super"]
        #expect(await test.store.insertClient(client))
        return test
    }

    private func scopes(_ test: TestServer, _ scope: String, _ restricted: [String]) async throws -> [String]? {
        let request = try await test.valid(["client_id": "big", "scope": scope])
        let step = try await test.server.decide(request, signedIn: test.ada(restricted: restricted))
        guard case .consent(let prompt) = step else {
            #expect(step.errorCode == .accessDenied)
            return nil
        }
        return prompt.items.map(\.scope)
    }

    @Test func `a user who was given it is asked about it`() async throws {
        let test = try await server()
        #expect(try await scopes(test, "notes:read notes:admin", ["notes:admin"]) == ["notes:read", "notes:admin"])
    }

    @Test func `it is left out for everybody else`() async throws {
        let test = try await server()
        #expect(try await scopes(test, "notes:read notes:admin", []) == ["notes:read"])
        #expect(try await scopes(test, "notes:read notes:admin", ["super"]) == ["notes:read", "notes:admin"])
    }

    @Test func `a scope that implies it is as restricted, however far away`() async throws {
        let test = try await server()
        #expect(try await scopes(test, "notes:read most all", []) == ["notes:read"])
        #expect(try await scopes(test, "notes:read most all", ["notes:admin"]) == ["notes:read", "all", "most"])
        #expect(try await scopes(test, "notes:read super", ["notes:admin"]) == ["notes:read"])
    }

    @Test func `with nothing left the client is told no`() async throws {
        let test = try await server()
        #expect(try await scopes(test, "notes:admin", []) == nil)
    }

    @Test func `without one that the client needs it is told no`() async throws {
        let test = try await server()
        var client = TestServer.app
        client.id = "needy"
        client.requiredScopes = ["notes:admin"]
        #expect(await test.store.insertClient(client))
        let request = try await test.valid(["client_id": "needy", "scope": "notes:read notes:admin"])
        #expect(try await test.server.decide(request, signedIn: test.ada()).errorCode == .accessDenied)
        _ = try await test.prompt(request, by: test.ada(restricted: ["notes:admin"]))
        // It only counts where it is asked for.
        _ = try await test.prompt(try await test.valid(["client_id": "needy"]))
    }

    @Test func `ticking it in the form does not help`() async throws {
        let test = try await server()
        let request = try await test.valid(["scope": "notes:read notes:admin"])
        #expect(try await test.allow(request, ["notes:read", "notes:admin"]).scopes == ["notes:read"])
    }

    @Test func `a consent does not outlive the permission`() async throws {
        let test = try await server()
        let request = try await test.valid(["scope": "notes:read notes:admin"])
        _ = try await test.allow(request, ["notes:read", "notes:admin"], by: test.ada(restricted: ["notes:admin"]))
        let step = try await test.server.decide(request, signedIn: test.ada())
        #expect(try await test.code(in: step)?.scopes == ["notes:read"])
    }

    @Test func `scopes that imply each other do not confuse it`() {
        let catalog = ScopeCatalog([
            ScopeDefinition(name: "a", description: "", implies: ["b", "a", "gone"]),
            ScopeDefinition(name: "b", description: "", implies: ["c"]),
            ScopeDefinition(name: "c", description: "", implies: ["a"], isRestricted: true),
        ])
        #expect(catalog.implied(by: "a") == ["b", "c"])
        #expect(catalog.implied(by: "c") == ["a", "b"])
        #expect(!catalog.mayAllow("a", given: []))
        #expect(catalog.mayAllow("a", given: ["c"]))
        #expect(!catalog.mayAllow("gone", given: ["gone"]))
    }
}
