import Foundation
import GRDB
import JWT

/// Keeps revocations in SQLite.
package struct SQLiteRevocationStore: RevocationStore {
    private let database: SQLiteDatabase

    package init(_ database: SQLiteDatabase) {
        self.database = database
    }

    package func revoke(_ revocations: [Revocation]) throws(StoreError) {
        guard !revocations.isEmpty else { return }
        try database.write { try $0.insert(revocations) }
    }

    package func changes(after position: Int64?, at unixTime: Int64) throws(StoreError) -> RevocationChanges {
        // Both from one snapshot, or what comes between them would be missed.
        try database.read { database in
            let current = try database.first("SELECT value FROM change_counter WHERE topic = 'revocation'") {
                $0.integer(0)
            }
            // The first that is read includes what was written before there were sequence numbers.
            let revocations = try database.all(
                "SELECT kind, issuer, id, expires_at FROM revocation WHERE sequence > ? AND expires_at >= ?",
                [position ?? -1, unixTime],
                Revocation.init(row:)
            )
            return RevocationChanges(revocations: revocations, position: current ?? 0)
        }
    }

    package func removeExpiredRevocations(at unixTime: Int64) throws(StoreError) -> Int {
        // A reader first: a sweep that finds nothing takes no lock and wakes no watcher.
        let hasExpired = try database.read { database in
            try Bool.fetchOne(
                database,
                sql: "SELECT EXISTS (SELECT 1 FROM revocation WHERE expires_at < ?)",
                arguments: [unixTime]
            ) ?? false
        }
        guard hasExpired else { return 0 }
        return try database.write { database in
            try database.execute(sql: "DELETE FROM revocation WHERE expires_at < ?", arguments: [unixTime])
            return database.changesCount
        }
    }
}

extension Database {
    /// Adds revocations; of two for the same subject, the later expiry counts.
    func insert(_ revocations: [Revocation]) throws {
        for revocation in revocations {
            let (kind, issuer, id) = revocation.subject.columns
            try run(
                """
                INSERT INTO revocation (kind, issuer, id, expires_at) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)
                """,
                [kind, issuer, id, revocation.expiresAt]
            )
        }
    }
}

extension Revocation.Subject {
    fileprivate var columns: (kind: String, issuer: Data, id: Data) {
        switch self {
        case .token(let issuer, let id): ("token", issuer.blob, id.blob)
        case .grant(let id): ("grant", Data(), id.blob)
        }
    }
}

extension Revocation {
    fileprivate init(row: Row) {
        let kind: String = row[0]
        let subject: Subject =
            kind == "grant" ? .grant(id: row.text(2)) : .token(issuer: row.text(1), id: row.text(2))
        self.init(subject, expiresAt: row.integer(3))
    }
}
