import JWT
import Locking
import OAuthServer
import Testing

@testable import Application

/// Clients that a reload has taken out of the configuration.
@Suite struct RemovedClientsTests {
    private final class Log: RevocationSink, AuditSink {
        let applied = Locked<[Revocation]>([])
        let events = Locked<[AuditEvent]>([])

        func apply(_ revocations: [Revocation]) async { applied.withLock { $0 += revocations } }

        func record(_ event: AuditEvent) { events.withLock { $0.append(event) } }
    }

    private let store = MemoryAuthorizationStore(revocations: MemoryRevocationStore())
    private let log = Log()
    private let time = Locked<Int64>(1_800_000_000)
    private let removed: RemovedClients

    private static let app = OAuthClient(id: "app", authenticationMethod: .none, origin: .configuration)
    private static let other = OAuthClient(id: "other", authenticationMethod: .none, origin: .configuration)

    init() async throws {
        removed = RemovedClients(
            [Self.app, Self.other],
            store: store,
            revocations: log,
            audit: log,
            clock: { [time] in time.withLock { $0 } }
        )
        let user = OAuthUser(name: "ada", passwordHash: "", createdAt: 0)
        #expect(await store.insertUser(user))
        for id in ["app", "other"] { await store.insertGrant(grant(id, id)) }
        await store.saveConsent(
            Consent(userName: "ada", clientID: "app", scopes: ["a"], grantedAt: 0, expiresAt: 1_900_000_000)
        )
    }

    private func grant(_ id: String, _ client: String) -> Grant {
        Grant(
            id: id,
            userName: "ada",
            clientID: client,
            scopes: ["a"],
            resource: "r",
            createdAt: 1_800_000_000,
            tokensExpireAt: 1_800_000_600
        )
    }

    private func grantIDs() async -> [String] { await store.grants(.all).map(\.id).sorted() }

    @Test func `what a client was allowed ends with its place in the configuration`() async throws {
        removed.takeOver([Self.other])
        try await removed.endGrants()
        #expect(await grantIDs() == ["other"])
        #expect(log.applied.withLock { $0.map(\.subject) } == [.grant(id: "app")])
        #expect(await store.consent(user: "ada", client: "app", at: 1_800_000_000) == nil)
        try await removed.endGrants()
        #expect(log.events.withLock { $0.map(\.kind) } == [.clientRemoved])
    }

    @Test func `a grant that was being made meanwhile ends too`() async throws {
        removed.takeOver([Self.other])
        try await removed.endGrants()
        await store.insertGrant(grant("late", "app"))
        time.withLock { $0 += 60 }
        try await removed.endGrants()
        #expect(await grantIDs() == ["other"])
        await store.insertGrant(grant("issued by hand", "app"))
        try await removed.endGrants()
        #expect(await grantIDs() == ["issued by hand", "other"])
    }

    @Test func `a client that comes back, or has moved to the storage, keeps what it has`() async throws {
        removed.takeOver([])
        removed.takeOver([Self.app, Self.other])
        try await removed.endGrants()
        #expect(await grantIDs() == ["app", "other"])
        var stored = Self.app
        stored.origin = .storage
        #expect(await store.insertClient(stored))
        removed.takeOver([])
        try await removed.endGrants()
        #expect(await grantIDs() == ["app"])
    }
}
