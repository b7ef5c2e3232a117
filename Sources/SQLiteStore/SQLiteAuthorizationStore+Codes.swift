import Foundation
import GRDB
import JWT
import OAuthServer

extension SQLiteAuthorizationStore {
    package func insertAuthorizationCode(_ code: AuthorizationCode) async throws(StoreError) {
        try await write { database in
            _ = try database.run(
                """
                INSERT INTO authorization_code (\(AuthorizationCode.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    Data(code.hash), code.clientID.blob, code.redirectURI.blob, code.redirectURIWasSent,
                    code.userName.blob, TextList.encoded(code.scopes), code.resource.blob, code.nonce?.blob,
                    code.codeChallenge?.blob, code.authenticatedAt, code.expiresAt,
                ]
            )
        }
    }

    package func authorizationCode(
        _ hash: [UInt8],
        at unixTime: Int64
    ) async throws(StoreError) -> AuthorizationCode? {
        try read { database in
            try database.first(
                """
                SELECT \(AuthorizationCode.columns) FROM authorization_code
                WHERE hash = ? AND (expires_at > ? OR grant_id IS NOT NULL)
                """,
                [Data(hash), unixTime],
                AuthorizationCode.init(row:)
            )
        }
    }

    package func redeemAuthorizationCode(
        _ hash: [UInt8],
        for grant: Grant,
        family: RefreshFamily?,
        at unixTime: Int64
    ) async throws(StoreError) -> CodeRedemption {
        try await write { database in
            let count = try database.run(
                """
                UPDATE authorization_code SET grant_id = ?
                WHERE hash = ? AND grant_id IS NULL AND expires_at > ?
                    AND EXISTS (SELECT 1 FROM oauth_user WHERE name = user_name AND NOT is_disabled)
                """,
                [grant.id.blob, Data(hash), unixTime]
            )
            if count == 1 {
                let ended = try database.endGrants(tooManyWith: grant, at: unixTime)
                try database.insert(grant, family)
                return .redeemed(ended: ended.map(\.revocation))
            }
            let usedFor = try database.first(
                "SELECT grant_id FROM authorization_code WHERE hash = ? AND grant_id IS NOT NULL",
                [Data(hash)]
            ) { $0.text(0) }
            return usedFor.map { .alreadyUsed(grantID: $0) } ?? .unknown
        }
    }
}

extension Database {
    /// Removes the codes that could still become such grants.
    ///
    /// They are found by the time, because an index by name would cost every code more than it saves: codes live for a
    /// minute, so there are few.
    func removeUnusedCodes(for selection: GrantSelection, at unixTime: Int64) throws {
        let (condition, arguments) = selection.condition
        if case .id = selection { return }
        try run(
            """
            DELETE FROM authorization_code INDEXED BY authorization_code_expiry
            WHERE expires_at > ? AND grant_id IS NULL AND \(condition)
            """,
            [unixTime] + arguments
        )
    }
}

extension AuthorizationCode {
    fileprivate static let columns = """
        hash, client_id, redirect_uri, redirect_uri_was_sent, user_name, scopes, resource, nonce, code_challenge, \
        authenticated_at, expires_at
        """

    fileprivate init(row: Row) {
        self.init(
            hash: row.bytes(0) ?? [],
            clientID: row.text(1),
            redirectURI: row.text(2),
            redirectURIWasSent: row.flag(3),
            userName: row.text(4),
            scopes: row.list(5),
            resource: row.text(6),
            nonce: row.optionalText(7),
            codeChallenge: row.optionalText(8),
            authenticatedAt: row.integer(9),
            expiresAt: row.integer(10)
        )
    }
}
