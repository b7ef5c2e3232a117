import Crypto
import Foundation
import JWT
import StoreConformance
import Testing

@testable import SQLiteStore

@Suite struct SQLiteStoreTests {
    let folder: TemporaryFolder
    let database: SQLiteDatabase

    init() throws {
        folder = try TemporaryFolder()
        database = try SQLiteDatabase(path: folder.file("data/gatehouse.db"))
    }

    @Test(arguments: SigningKeyStoreConformance.checks)
    func `signing keys in SQLite keep the promise`(check: StoreCheck<any SigningKeyStore>) async throws {
        try await check.run(SQLiteSigningKeyStore(database))
    }

    @Test(arguments: RevocationStoreConformance.checks)
    func `revocations in SQLite keep the promise`(check: StoreCheck<any RevocationStore>) async throws {
        try await check.run(SQLiteRevocationStore(database))
    }

    @Test func `what was stored is there after opening the file again`() throws {
        let key = SealingKey()
        let policy = SigningKeyPolicy(algorithms: [.es256])
        let ring = SigningKeyRing(store: SQLiteSigningKeyStore(database), sealingKey: key, policy: policy)
        _ = try ring.maintain(at: 100)
        try SQLiteRevocationStore(database).revoke([Revocation(.grant(id: "g"), expiresAt: 100)])
        let keys = try SQLiteSigningKeyStore(database).signingKeys()
        try database.close()
        let again = try SQLiteDatabase(path: database.path)
        #expect(try SQLiteSigningKeyStore(again).signingKeys() == keys)
        #expect(try SQLiteRevocationStore(again).revocations(at: 0).count == 1)
        let reopened = SigningKeyRing(store: SQLiteSigningKeyStore(again), sealingKey: key, policy: policy)
        #expect(try reopened.load().signer(.es256)?.keyID == keys[0].keyID)
    }

    @Test func `no private key stands in the file in the clear`() throws {
        let sealing = SealingKey()
        let ring = SigningKeyRing(
            store: SQLiteSigningKeyStore(database),
            sealingKey: sealing,
            policy: SigningKeyPolicy(algorithms: [.es256])
        )
        _ = try ring.maintain(at: 100)
        // What was committed stands in the log, in the file, or in both.
        let content =
            try Data(contentsOf: URL(fileURLWithPath: database.path))
            + Data(contentsOf: URL(fileURLWithPath: database.path + "-wal"))
        // What every PKCS#8 form of a P-256 key has in it (RFC 5915 §3).
        #expect(content.range(of: Data([0x02, 0x01, 0x01, 0x04, 0x20])) == nil)
        #expect(content.range(of: Data("ES256".utf8)) != nil)
    }

    @Test func `only the owner can read the files`() throws {
        try SQLiteRevocationStore(database).revoke([Revocation(.grant(id: "g"), expiresAt: 100)])
        #expect(try folder.mode(of: "data") == 0o700)
        for name in ["gatehouse.db", "gatehouse.db-wal", "gatehouse.db-shm"] {
            #expect(try folder.mode(of: "data/" + name) == 0o600)
        }
    }

    @Test func `several that open a new file at once all get one schema and one set of keys`() async throws {
        let path = folder.file("race.db")
        let key = SealingKey()
        let keyIDs = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<6 {
                group.addTask {
                    let database = try SQLiteDatabase(path: path)
                    let policy = SigningKeyPolicy(algorithms: [.es256, .eddsa])
                    let ring = SigningKeyRing(store: SQLiteSigningKeyStore(database), sealingKey: key, policy: policy)
                    _ = try ring.maintain(at: 100)
                    return try ring.load().records.map(\.keyID)
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(keyIDs.count == 1)
        #expect(keyIDs.first?.count == 2)
    }

    @Test func `a file of a newer version is left alone`() throws {
        try database.write { try $0.execute(sql: "PRAGMA user_version = 1000") }
        try database.close()
        #expect(throws: StoreError.newerSchema) { try SQLiteDatabase(path: database.path) }
    }

    @Test func `a file that is no database is reported, not overwritten`() throws {
        let path = folder.file("notes.txt")
        let text = Data(String(repeating: "my notes\n", count: 1000).utf8)
        try text.write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreError.self) { try SQLiteDatabase(path: path) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == text)
    }

    @Test func `a place where no file can be is reported`() throws {
        #expect(throws: StoreError.self) { try SQLiteDatabase(path: "/proc/gatehouse/x.db") }
        #expect(throws: StoreError.self) { try SQLiteDatabase(path: folder.path) }
    }

    @Test func `a closed database refuses instead of trapping`() throws {
        try database.close()
        #expect(throws: StoreError.self) { try SQLiteSigningKeyStore(database).signingKeys() }
        #expect(throws: StoreError.self) {
            try SQLiteRevocationStore(database).revoke([Revocation(.grant(id: "g"), expiresAt: 1)])
        }
    }

    @Test func `an unknown algorithm in the file is damage`() throws {
        try database.write { database in
            try database.execute(
                sql: """
                    INSERT INTO signing_key VALUES ('k', 'XX999', 'active', 1, 1, NULL, 0, x'00')
                    """
            )
        }
        #expect(throws: StoreError.corrupt("a signing key has the algorithm XX999 and the state active")) {
            try SQLiteSigningKeyStore(database).signingKeys()
        }
    }
}
