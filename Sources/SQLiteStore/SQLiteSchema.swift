import GRDB
import JWT

/// The tables, version by version.
///
/// Names of tokens and issuers are blobs: they come from outside and are compared byte by byte, and SQLite's text ends
/// at the first NUL.
enum SQLiteSchema {
    /// Brings the schema up to date within the caller's transaction.
    ///
    /// The version is read under the write lock, so of two processes that start at once one does the work.
    static func migrate(_ database: Database) throws {
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard version <= steps.count else { throw StoreError.newerSchema }
        for step in steps[version...] { try database.execute(sql: step) }
        guard version < steps.count else { return }
        try database.execute(sql: "PRAGMA user_version = \(steps.count)")
    }

    /// Each leads from the version that is its index to the next; one that was released never changes.
    static let steps = [
        """
        CREATE TABLE signing_key (
            key_id TEXT NOT NULL PRIMARY KEY,
            algorithm TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retired')),
            created_at INTEGER NOT NULL,
            activates_at INTEGER NOT NULL,
            retired_at INTEGER,
            signed_until INTEGER NOT NULL,
            sealed_key BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX signing_key_active ON signing_key (algorithm) WHERE state = 'active';
        CREATE UNIQUE INDEX signing_key_next ON signing_key (algorithm) WHERE state = 'next';

        CREATE TABLE revocation (
            kind TEXT NOT NULL CHECK (kind IN ('token', 'grant')),
            issuer BLOB NOT NULL,
            id BLOB NOT NULL,
            expires_at INTEGER NOT NULL,
            PRIMARY KEY (kind, issuer, id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX revocation_expiry ON revocation (expires_at);
        """
    ]
}
