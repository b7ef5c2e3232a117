import Foundation
import JWT
import OAuthServer
import StoreConformance
import Testing

@testable import SQLiteStore

@Suite struct SQLiteAuthorizationStoreTests {
    let folder: TemporaryFolder
    let database: SQLiteDatabase

    init() throws {
        folder = try TemporaryFolder()
        database = try SQLiteDatabase(path: folder.file("gatehouse.db"))
    }

    @Test(arguments: AuthorizationStoreConformance.checks)
    func `what the authorization server remembers in SQLite keeps the promise`(
        check: StoreCheck<TriedStorage>
    ) async throws {
        try await check.run(
            TriedStorage(
                store: SQLiteAuthorizationStore(database),
                other: SQLiteAuthorizationStore(try SQLiteDatabase(path: database.path)),
                revocations: SQLiteRevocationStore(database)
            )
        )
    }

    @Test func `a closed database refuses instead of trapping`() async throws {
        let store = SQLiteAuthorizationStore(database)
        _ = try await store.user("ada")
        try database.close()
        await #expect(throws: StoreError.self) { try await store.user("ada") }
        await #expect(throws: StoreError.self) { try await store.replaceClientSecret("a", hash: [1]) }
    }

    @Test func `an unknown authentication method in the file is damage`() async throws {
        let store = SQLiteAuthorizationStore(database)
        _ = try await store.insertClient(OAuthClient(id: "a", authenticationMethod: .none))
        try database.write { try $0.execute(sql: "UPDATE oauth_client SET authentication_method = 'guess'") }
        await #expect(throws: StoreError.corrupt("a client has the authentication method guess")) {
            try await store.client("a")
        }
    }
}
