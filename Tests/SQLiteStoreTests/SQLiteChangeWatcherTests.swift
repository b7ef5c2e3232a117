import JWT
import OAuthServer
import Testing

@testable import SQLiteStore

@Suite struct SQLiteChangeWatcherTests {
    let folder: TemporaryFolder
    let database: SQLiteDatabase
    let watcher: SQLiteChangeWatcher

    init() throws {
        folder = try TemporaryFolder()
        database = try SQLiteDatabase(path: folder.file("gatehouse.db"))
        watcher = try SQLiteChangeWatcher(database)
    }

    private let key = SigningKeyRecord(
        keyID: "a",
        algorithm: .es256,
        state: .active,
        createdAt: 1,
        activatesAt: 1,
        sealedKey: []
    )

    @Test func `a revocation of any connection is seen, once`() throws {
        #expect(try watcher.changes() == [])
        try SQLiteRevocationStore(database).revoke([Revocation(.grant(id: "g"), expiresAt: 100)])
        #expect(try watcher.changes() == .revocations)
        #expect(try watcher.changes() == [])
        let other = try SQLiteDatabase(path: database.path)
        #expect(try watcher.changes() == [])
        try SQLiteRevocationStore(other).revoke([Revocation(.grant(id: "h"), expiresAt: 100)])
        #expect(try watcher.changes() == .revocations)
    }

    @Test func `a key that is made, promoted, used or removed is seen`() throws {
        let store = SQLiteSigningKeyStore(database)
        _ = try store.insertNextKey(key)
        #expect(try watcher.changes() == .signingKeys)
        _ = try store.promoteKey("a", at: 2)
        #expect(try watcher.changes() == .signingKeys)
        _ = try store.extendUse(ofKey: "a", until: 50)
        #expect(try watcher.changes() == .signingKeys)
        _ = try store.removeKey("a", replacement: nil, at: 3)
        #expect(try watcher.changes() == .signingKeys)
    }

    @Test func `grants come and go, and no one reads keys or revocations for it`() async throws {
        let store = SQLiteAuthorizationStore(database)
        let grant = Grant(
            id: "g",
            userName: nil,
            clientID: "c",
            scopes: ["a"],
            resource: "r",
            createdAt: 1,
            tokensExpireAt: 600
        )
        try await store.insertGrant(grant)
        #expect(try watcher.changes() == [])
        _ = try await store.revokeGrants(.id("g"), forgettingConsent: false, at: 2)
        #expect(try watcher.changes() == .revocations)
    }

    @Test func `reading, and sweeping where nothing has expired, changes nothing`() throws {
        let store = SQLiteRevocationStore(database)
        try store.revoke([Revocation(.grant(id: "g"), expiresAt: 100)])
        _ = try SQLiteSigningKeyStore(database).insertActiveKey(key)
        _ = try SQLiteSigningKeyStore(database).extendUse(ofKey: "a", until: 50)
        _ = try watcher.changes()
        _ = try store.revocations(at: 0)
        _ = try store.removeExpiredRevocations(at: 100)
        _ = try SQLiteSigningKeyStore(database).extendUse(ofKey: "a", until: 50)
        #expect(try watcher.changes() == [])
    }

    @Test func `what an older program writes is seen and found`() throws {
        _ = try SQLiteRevocationStore(database).changes(after: nil, at: 0)
        // As version 1 wrote it.
        try database.write { database in
            try database.execute(
                sql: """
                    INSERT INTO revocation (kind, issuer, id, expires_at) VALUES ('grant', x'', x'67', 100)
                    ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)
                    """
            )
        }
        #expect(try watcher.changes() == .revocations)
        let found = try SQLiteRevocationStore(database).changes(after: 0, at: 0)
        #expect(found.revocations == [Revocation(.grant(id: "g"), expiresAt: 100)])
    }
}
