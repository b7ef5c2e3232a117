import Foundation
import GRDB
import JWT
import OAuthServer

extension SQLiteAuthorizationStore {
    package func users() async throws(StoreError) -> [OAuthUser] {
        try read { database in
            try database.all("SELECT \(OAuthUser.columns) FROM oauth_user", [], OAuthUser.init(row:))
        }
    }

    package func user(_ name: String) async throws(StoreError) -> OAuthUser? {
        try read { database in
            try database.first(
                "SELECT \(OAuthUser.columns) FROM oauth_user WHERE name = ?",
                [name.blob],
                OAuthUser.init(row:)
            )
        }
    }

    package func insertUser(_ user: OAuthUser) async throws(StoreError) -> Bool {
        try await write { database in
            try database.run(
                "INSERT INTO oauth_user (\(OAuthUser.columns)) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [
                    user.name.blob, user.email?.blob, user.fullName?.blob, user.passwordHash.blob,
                    TextList.encoded(user.restrictedScopes), user.isDisabled, user.createdAt,
                ]
            ) == 1
        }
    }

    package func setPassword(
        ofUser name: String,
        hash: String,
        replacing checkedHash: String?,
        keepingSession idHash: [UInt8]?
    ) async throws(StoreError) -> Bool {
        try await write { database in
            let count = try database.run(
                "UPDATE oauth_user SET password_hash = ? WHERE name = ? AND password_hash = coalesce(?, password_hash)",
                [hash.blob, name.blob, checkedHash?.blob]
            )
            guard count == 1 else { return false }
            // IS NOT: with no session to keep, all of them differ from NULL.
            try database.run(
                "DELETE FROM browser_session WHERE user_name = ? AND id_hash IS NOT ?",
                [name.blob, idHash.map { Data($0) }]
            )
            return true
        }
    }

    package func upgradePasswordHash(ofUser name: String, from old: String, to new: String) async throws(StoreError) {
        try await write { database in
            _ = try database.run(
                "UPDATE oauth_user SET password_hash = ? WHERE name = ? AND password_hash = ?",
                [new.blob, name.blob, old.blob]
            )
        }
    }

    package func setDisabled(
        _ isDisabled: Bool,
        user name: String,
        at unixTime: Int64
    ) async throws(StoreError) -> [Revocation]? {
        try await write { database in
            let count = try database.run(
                "UPDATE oauth_user SET is_disabled = ? WHERE name = ?",
                [isDisabled, name.blob]
            )
            guard count == 1 else { return nil }
            return isDisabled ? try database.endEverything(ofUser: name, at: unixTime) : []
        }
    }

    package func removeUser(_ name: String, at unixTime: Int64) async throws(StoreError) -> [Revocation]? {
        try await write { database in
            guard try database.run("DELETE FROM oauth_user WHERE name = ?", [name.blob]) == 1 else { return nil }
            try database.run("DELETE FROM consent WHERE user_name = ?", [name.blob])
            return try database.endEverything(ofUser: name, at: unixTime)
        }
    }
}

extension Database {
    /// Ends a user's sessions, codes and grants; returns what was revoked.
    fileprivate func endEverything(ofUser name: String, at unixTime: Int64) throws -> [Revocation] {
        try run("DELETE FROM browser_session WHERE user_name = ?", [name.blob])
        return try endGrants(.ofUser(name), at: unixTime).map(\.revocation)
    }
}

extension OAuthUser {
    fileprivate static let columns =
        "name, email, full_name, password_hash, restricted_scopes, is_disabled, created_at"

    fileprivate init(row: Row) {
        self.init(
            name: row.text(0),
            email: row.optionalText(1),
            fullName: row.optionalText(2),
            passwordHash: row.text(3),
            restrictedScopes: row.list(4),
            isDisabled: row.flag(5),
            createdAt: row.integer(6)
        )
    }
}
