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
        try database.write { database in
            let statement = try database.makeStatement(
                sql: """
                    INSERT INTO revocation (kind, issuer, id, expires_at) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)
                    """
            )
            for revocation in revocations {
                let (kind, issuer, id) = revocation.subject.columns
                try statement.execute(arguments: [kind, issuer, id, revocation.expiresAt])
            }
        }
    }

    package func revocations(at unixTime: Int64) throws(StoreError) -> RevocationList {
        try database.read { database in
            var list = RevocationList()
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT kind, issuer, id, expires_at FROM revocation WHERE expires_at >= ?",
                arguments: [unixTime]
            )
            while let row = try rows.next() { list.insert(Revocation(row: row)) }
            return list
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

extension Revocation.Subject {
    fileprivate var columns: (kind: String, issuer: Data, id: Data) {
        switch self {
        case .token(let issuer, let id): ("token", Data(issuer.utf8), Data(id.utf8))
        case .grant(let id): ("grant", Data(), Data(id.utf8))
        }
    }
}

extension Revocation {
    fileprivate init(row: Row) {
        let kind: String = row[0]
        let issuer: Data = row[1]
        let id: Data = row[2]
        let text = String(decoding: id, as: UTF8.self)
        let subject: Subject =
            kind == "grant" ? .grant(id: text) : .token(issuer: String(decoding: issuer, as: UTF8.self), id: text)
        self.init(subject, expiresAt: row[3])
    }
}
