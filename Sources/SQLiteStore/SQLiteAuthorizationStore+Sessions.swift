import Foundation
import GRDB
import JWT
import OAuthServer

extension SQLiteAuthorizationStore {
    package func insertSession(
        _ session: BrowserSession,
        afterChecking hash: String?
    ) async throws(StoreError) -> Bool {
        try await write { database in
            let count = try database.run(
                """
                INSERT INTO browser_session (\(BrowserSession.columns)) SELECT ?, ?, ?, ?, ?, ?
                WHERE EXISTS (
                    SELECT 1 FROM oauth_user
                    WHERE name = ? AND NOT is_disabled AND password_hash = coalesce(?, password_hash)
                )
                """,
                [
                    Data(session.idHash), session.userName.blob, session.authenticatedAt, session.createdAt,
                    session.lastSeenAt, session.userAgent.blob, session.userName.blob, hash?.blob,
                ]
            )
            guard count == 1 else { return false }
            try database.run(
                """
                DELETE FROM browser_session WHERE id_hash IN (
                    SELECT id_hash FROM browser_session WHERE user_name = ? AND id_hash <> ?
                    ORDER BY last_seen_at DESC, created_at DESC, id_hash LIMIT -1 OFFSET ?
                )
                """,
                [session.userName.blob, Data(session.idHash), BrowserSession.limitPerUser - 1]
            )
            return true
        }
    }

    package func session(_ idHash: [UInt8]) async throws(StoreError) -> BrowserSession? {
        try read { database in
            try database.first(
                "SELECT \(BrowserSession.columns) FROM browser_session WHERE id_hash = ?",
                [Data(idHash)],
                BrowserSession.init(row:)
            )
        }
    }

    package func touchSession(_ idHash: [UInt8], at unixTime: Int64) async throws(StoreError) {
        try await write { database in
            _ = try database.run(
                "UPDATE browser_session SET last_seen_at = ? WHERE id_hash = ? AND last_seen_at < ?",
                [unixTime, Data(idHash), unixTime]
            )
        }
    }

    package func sessions(ofUser name: String) async throws(StoreError) -> [BrowserSession] {
        try read { database in
            try database.all(
                """
                SELECT \(BrowserSession.columns) FROM browser_session WHERE user_name = ?
                ORDER BY last_seen_at DESC, created_at DESC, id_hash LIMIT ?
                """,
                [name.blob, BrowserSession.limitPerUser],
                BrowserSession.init(row:)
            )
        }
    }

    package func removeSession(_ idHash: [UInt8], ofUser name: String?) async throws(StoreError) -> Bool {
        try await write { database in
            try database.run(
                "DELETE FROM browser_session WHERE id_hash = ? AND user_name = coalesce(?, user_name)",
                [Data(idHash), name?.blob]
            ) == 1
        }
    }
}

extension BrowserSession {
    fileprivate static let columns = "id_hash, user_name, authenticated_at, created_at, last_seen_at, user_agent"

    fileprivate init(row: Row) {
        self.init(
            idHash: row.bytes(0) ?? [],
            userName: row.text(1),
            authenticatedAt: row.integer(2),
            createdAt: row.integer(3),
            lastSeenAt: row.integer(4),
            userAgent: row.text(5)
        )
    }
}
