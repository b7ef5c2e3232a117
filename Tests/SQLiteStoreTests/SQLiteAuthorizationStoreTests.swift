import Foundation
import GRDB
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

    @Test(arguments: [Database.firstSurplusGrant, Database.grantsByClient])
    func `grants of a user are counted in an index`(sql: String) throws {
        let plan = try database.read { database in
            try Row.fetchAll(
                database,
                sql: "EXPLAIN QUERY PLAN " + sql,
                arguments: StatementArguments(
                    Array(repeating: 1, count: sql.count { $0 == "?" })
                )
            ).map { row in row["detail"] as String? ?? "" }
        }
        #expect(
            plan.contains { $0.hasPrefix("SEARCH oauth_grant USING COVERING INDEX oauth_grant_user_client") },
            "\(plan)"
        )
        #expect(!plan.contains { $0.hasPrefix("SCAN") }, "\(plan)")
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
