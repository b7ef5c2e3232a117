import Crypto
import Foundation
import JWT
import OAuthServer
import Testing

@testable import Application

@Suite struct DemoAccountsTests {
    private let store = MemoryAuthorizationStore(revocations: MemoryRevocationStore())
    private let now: Int64 = 1_800_000_000

    private func seed(_ changes: (String, String)...) async throws -> DemoAccounts {
        let folder = try TestFolder()
        var text = DemoConfigurationText.text
        for (old, new) in changes { text = text.replacingOccurrences(of: old, with: new) }
        let file = ConfigurationFile(path: try folder.write(text, to: "gateway.json"))
        let configuration = try file.load()
        let settings = try #require(configuration.authorizationServer)
        return try await DemoAccounts.seed(configuration, settings, store, now: now)
    }

    private func matches(_ accounts: DemoAccounts) async throws -> Bool {
        let user = try #require(await store.user(accounts.userName))
        return try PasswordHash(user.passwordHash).matches(Array(accounts.password.utf8))
    }

    @Test func `the demo's user and client are added, and made good again at the next start`() async throws {
        let first = try await seed()
        #expect(first.userName == "alice" && first.clientID == "gatehouse-demo")
        #expect(try await matches(first))
        _ = try await store.setDisabled(true, user: "alice", at: now)
        let second = try await seed()
        #expect(second.userName == "alice" && second.password != first.password)
        #expect(try await matches(second))
        #expect(try await !matches(first))
        #expect(await store.user("alice")?.isDisabled == false)
        #expect(await store.clients().map(\.id) == ["gatehouse-demo"])
    }

    @Test func `the client asks for the scopes of the configuration at hand`() async throws {
        _ = try await seed()
        #expect(await store.client("gatehouse-demo")?.scopes.suffix(2) == ["notes:read", "notes:write"])
        _ = try await seed((#""scopes": {"#, #""scopes": { "more": "More","#))
        #expect(await store.client("gatehouse-demo")?.scopes.contains("more") == true)
    }

    @Test func `a user who is not the demo's is left alone`() async throws {
        let alice = OAuthUser(name: "alice", fullName: "Alice", passwordHash: "x", createdAt: 1)
        #expect(await store.insertUser(alice))
        let accounts = try await seed()
        #expect(accounts.userName == "alice-demo")
        #expect(await store.user("alice") == alice)
        _ = try await store.removeUser("alice-demo", at: now)
        #expect(await store.insertUser(OAuthUser(name: "alice-demo", passwordHash: "x", createdAt: 1)))
        await #expect(throws: ApplicationError.self) { try await seed() }
    }
}
