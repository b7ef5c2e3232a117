import GRDB
import JWT
import OAuthServer

extension SQLiteAuthorizationStore {
    package func removeExpired(at unixTime: Int64, sessions: SessionLifetime) async throws(StoreError) -> Int {
        var count = 0
        for sweep in Self.sweeps(at: unixTime, sessions) {
            // A reader looks first: a sweep that finds nothing takes no lock. Others write between two slices.
            while try read({ try $0.first("SELECT EXISTS (\(sweep.search))", sweep.arguments) { $0.flag(0) } }) == true
            {
                count += try await write { database in try sweep.clean(database) }
            }
        }
        return count + (try await removeEndedGrants(at: unixTime))
    }

    /// Grants are found by `sweep_after`, which tells when one could have ended; those that have not get another time.
    private func removeEndedGrants(at unixTime: Int64) async throws(StoreError) -> Int {
        let search = "SELECT 1 FROM oauth_grant WHERE sweep_after <= ?"
        var count = 0
        while try read({ try $0.first("SELECT EXISTS (\(search))", [unixTime]) { $0.flag(0) } }) == true {
            count += try await write { database in
                let due = try database.all(
                    """
                    SELECT rowid, max(tokens_expire_at + ?, coalesce(min(idle_expires_at, absolute_expires_at), 0))
                    FROM oauth_grant WHERE sweep_after <= ? ORDER BY sweep_after LIMIT \(Sweep.slice)
                    """,
                    [Grant.longestClockSkew + 1, unixTime]
                ) { row in (id: row.integer(0), endsAt: row.integer(1)) }
                return try due.reduce(into: 0) { count, grant in
                    if grant.endsAt <= unixTime {
                        count += try database.run("DELETE FROM oauth_grant WHERE rowid = ?", [grant.id])
                    } else {
                        try database.run(
                            "UPDATE oauth_grant SET sweep_after = ? WHERE rowid = ?",
                            [grant.endsAt, grant.id]
                        )
                    }
                }
            }
        }
        return count
    }

    private static func sweeps(at unixTime: Int64, _ lifetime: SessionLifetime) -> [Sweep] {
        [
            // A used code is kept for a while so that its second use is noticed.
            Sweep(table: "authorization_code", key: "hash", condition: "expires_at <= ?", [unixTime - 600]),
            Sweep(table: "consent", key: "user_name, client_id", condition: "expires_at <= ?", [unixTime]),
            Sweep(
                table: "browser_session",
                key: "id_hash",
                condition: "last_seen_at <= ? OR authenticated_at <= ?",
                [unixTime - lifetime.idle - SessionLifetime.precision, unixTime - lifetime.absolute]
            ),
        ]
    }
}

/// What to remove from a table, in slices that hold the lock for a moment only.
private struct Sweep: Sendable {
    let search: String
    let arguments: StatementArguments
    private let statement: String

    init(table: String, key: String, condition: String, _ arguments: StatementArguments) {
        search = "SELECT \(key) FROM \(table) WHERE \(condition)"
        statement = "DELETE FROM \(table) WHERE (\(key)) IN (\(search) LIMIT \(Self.slice))"
        self.arguments = arguments
    }

    func clean(_ database: Database) throws -> Int {
        try database.run(statement, arguments)
    }

    static let slice = 200
}
