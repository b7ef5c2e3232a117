import Foundation
import GRDB
import JWT
import OAuthServer

extension SQLiteAuthorizationStore {
    package func consent(user: String, client: String, at unixTime: Int64) async throws(StoreError) -> Consent? {
        try read { database in
            try database.first(
                """
                SELECT \(Consent.columns) FROM consent WHERE user_name = ? AND client_id = ? AND expires_at > ?
                """,
                [user.blob, client.blob, unixTime],
                Consent.init(row:)
            )
        }
    }

    package func consents(
        ofUser name: String,
        limit: Int,
        at unixTime: Int64
    ) async throws(StoreError) -> [Consent] {
        try read { database in
            try database.all(
                """
                SELECT \(Consent.columns) FROM consent WHERE user_name = ? AND expires_at > ?
                ORDER BY granted_at DESC, client_id LIMIT ?
                """,
                [name.blob, unixTime, limit],
                Consent.init(row:)
            )
        }
    }

    package func saveConsent(_ consent: Consent) async throws(StoreError) {
        try await write { database in
            _ = try database.run(
                """
                INSERT INTO consent (\(Consent.columns)) SELECT ?, ?, ?, ?, ?
                WHERE EXISTS (SELECT 1 FROM oauth_user WHERE name = ?)
                ON CONFLICT (user_name, client_id) DO UPDATE
                SET scopes = excluded.scopes, granted_at = excluded.granted_at, expires_at = excluded.expires_at
                """,
                [
                    consent.userName.blob, consent.clientID.blob, TextList.encoded(consent.scopes), consent.grantedAt,
                    consent.expiresAt, consent.userName.blob,
                ]
            )
        }
    }
}

extension Consent {
    fileprivate static let columns = "user_name, client_id, scopes, granted_at, expires_at"

    fileprivate init(row: Row) {
        self.init(
            userName: row.text(0),
            clientID: row.text(1),
            scopes: row.list(2),
            grantedAt: row.integer(3),
            expiresAt: row.integer(4)
        )
    }
}
