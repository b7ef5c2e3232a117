import GRDB
import JWT

/// The tables, step by step.
///
/// Names and texts that come from outside are blobs: they are compared byte by byte, and SQLite's text ends at the first
/// NUL.
///
/// `user_version` is the oldest version of the schema whose program can still use the file, and that program refuses a
/// higher one; which steps were taken is kept in `storage_schema`. Only steps that an older program can live with leave
/// `user_version` as it is.
enum SQLiteSchema {
    /// One change of the schema; one that was released never changes.
    struct Step {
        /// The statements.
        let sql: String
        /// The `user_version` after it.
        let oldestCompatible: Int
    }

    /// Takes the steps that are missing, within the caller's transaction.
    ///
    /// What is there is read under the write lock, so of two processes that start at once one does the work.
    static func migrate(_ database: Database) throws {
        let compatible = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard compatible <= steps.count else { throw StoreError.newerSchema }
        let taken = try takenSteps(database) ?? compatible
        guard taken >= 0, taken < steps.count else { return }
        for step in steps[taken...] { try database.execute(sql: step.sql) }
        try database.execute(sql: "UPDATE storage_schema SET version = ?", arguments: [steps.count])
        let oldest = steps.reduce(0) { max($0, $1.oldestCompatible) }
        if oldest > compatible { try database.execute(sql: "PRAGMA user_version = \(oldest)") }
    }

    /// How many steps were taken; nil before the second, which began to write it down.
    private static func takenSteps(_ database: Database) throws -> Int? {
        guard try database.tableExists("storage_schema") else { return nil }
        return try Int.fetchOne(database, sql: "SELECT version FROM storage_schema")
    }

    static let steps = [
        Step(sql: keysAndRevocations, oldestCompatible: 1),
        Step(sql: changeCounters + authorizationServer, oldestCompatible: 1),
        Step(sql: grantsByUserAndClient, oldestCompatible: 1),
    ]

    /// So that the oldest grant of a user and client is found without reading the others.
    private static let grantsByUserAndClient = """
        CREATE INDEX oauth_grant_user_client ON oauth_grant (user_name, client_id) WHERE user_name IS NOT NULL;
        DROP INDEX oauth_grant_user;
        """

    private static let keysAndRevocations = """
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

    /// What lets a server see which of its copies is out of date, and read only what is new.
    ///
    /// Triggers do it, so that it holds for writes of an older program too. Writes come one after the other, so whoever
    /// has read up to a sequence number will find everything later above it.
    private static let changeCounters = """
        CREATE TABLE storage_schema (version INTEGER NOT NULL) STRICT;
        INSERT INTO storage_schema VALUES (2);

        CREATE TABLE change_counter (
            topic TEXT NOT NULL PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO change_counter VALUES ('revocation', 0), ('signing_key', 0);

        CREATE TRIGGER signing_key_insert AFTER INSERT ON signing_key BEGIN
            UPDATE change_counter SET value = value + 1 WHERE topic = 'signing_key';
        END;
        CREATE TRIGGER signing_key_update AFTER UPDATE ON signing_key BEGIN
            UPDATE change_counter SET value = value + 1 WHERE topic = 'signing_key';
        END;
        CREATE TRIGGER signing_key_delete AFTER DELETE ON signing_key BEGIN
            UPDATE change_counter SET value = value + 1 WHERE topic = 'signing_key';
        END;

        ALTER TABLE revocation ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX revocation_sequence ON revocation (sequence);
        CREATE TRIGGER revocation_insert AFTER INSERT ON revocation BEGIN
            UPDATE change_counter SET value = value + 1 WHERE topic = 'revocation';
            UPDATE revocation SET sequence = (SELECT value FROM change_counter WHERE topic = 'revocation')
            WHERE kind = NEW.kind AND issuer = NEW.issuer AND id = NEW.id;
        END;
        CREATE TRIGGER revocation_update AFTER UPDATE OF expires_at ON revocation
        WHEN NEW.expires_at <> OLD.expires_at BEGIN
            UPDATE change_counter SET value = value + 1 WHERE topic = 'revocation';
            UPDATE revocation SET sequence = (SELECT value FROM change_counter WHERE topic = 'revocation')
            WHERE kind = NEW.kind AND issuer = NEW.issuer AND id = NEW.id;
        END;

        """
}
