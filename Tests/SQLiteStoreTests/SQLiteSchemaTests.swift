import Foundation
import JWT
import OAuthServer
import Testing

@testable import SQLiteStore

@Suite struct SQLiteSchemaTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("gatehouse.db")
    }

    private func number(_ sql: String, in database: SQLiteDatabase) throws -> Int64? {
        try database.read { try $0.first(sql) { $0.integer(0) } }
    }

    /// A file as the first version left it: its tables, `user_version` 1, a key and a revocation.
    private func makeFirstVersion() throws {
        let database = try SQLiteDatabase(path: path)
        try database.write { database in
            for name in try database.all("SELECT name FROM sqlite_master WHERE type = 'table'", [], { $0[0] as String })
            {
                try database.execute(sql: "DROP TABLE \"\(name)\"")
            }
            try database.execute(sql: SQLiteSchema.steps[0].sql)
            try database.execute(sql: "PRAGMA user_version = 1")
            try database.execute(
                sql: """
                    INSERT INTO signing_key VALUES ('k', 'ES256', 'active', 1, 1, NULL, 0, x'00');
                    INSERT INTO revocation VALUES ('grant', x'', x'67', 100);
                    """
            )
        }
        try database.close()
    }

    @Test func `a file of the first version is brought up to date with everything in it`() async throws {
        try makeFirstVersion()
        let database = try SQLiteDatabase(path: path)
        #expect(try number("SELECT version FROM storage_schema", in: database) == Int64(SQLiteSchema.steps.count))
        #expect(try SQLiteSigningKeyStore(database).signingKeys().map(\.keyID) == ["k"])
        let changes = try SQLiteRevocationStore(database).changes(after: nil, at: 0)
        #expect(changes.revocations == [Revocation(.grant(id: "g"), expiresAt: 100)])
        #expect(try SQLiteRevocationStore(database).changes(after: changes.position, at: 0).revocations.isEmpty)
        #expect(try await SQLiteAuthorizationStore(database).clients().isEmpty)
    }

    @Test func `the program of the first version takes the file, for user_version stays 1`() throws {
        let database = try SQLiteDatabase(path: path)
        #expect(try number("PRAGMA user_version", in: database) == 1)
        try database.close()
        // Opening again takes no step twice.
        let again = try SQLiteDatabase(path: path)
        #expect(try number("PRAGMA user_version", in: again) == 1)
        #expect(try number("SELECT version FROM storage_schema", in: again) == Int64(SQLiteSchema.steps.count))
    }

    @Test func `the file of a newer version that we can live with is taken and left as it is`() async throws {
        let database = try SQLiteDatabase(path: path)
        try database.write { database in
            try database.execute(
                sql: """
                    UPDATE storage_schema SET version = 9;
                    CREATE TABLE device_code (hash BLOB NOT NULL PRIMARY KEY);
                    ALTER TABLE oauth_client ADD COLUMN software_id BLOB;
                    """
            )
        }
        try database.close()
        let again = try SQLiteDatabase(path: path)
        #expect(try number("SELECT version FROM storage_schema", in: again) == 9)
        let store = SQLiteAuthorizationStore(again)
        let client = OAuthClient(id: "a", authenticationMethod: .none)
        #expect(try await store.insertClient(client))
        #expect(try await store.client("a") == client)
    }

    @Test func `each step says which version can live with it, and none goes back`() {
        let versions = SQLiteSchema.steps.map(\.oldestCompatible)
        #expect(versions == versions.sorted())
        for (index, version) in versions.enumerated() { #expect((1...index + 1).contains(version)) }
    }
}
