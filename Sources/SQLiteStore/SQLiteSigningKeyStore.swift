import Crypto
import Foundation
import GRDB
import JWT

/// Keeps signing keys in SQLite.
package struct SQLiteSigningKeyStore: SigningKeyStore {
    private let database: SQLiteDatabase

    package init(_ database: SQLiteDatabase) {
        self.database = database
    }

    package func signingKeys() throws(StoreError) -> [SigningKeyRecord] {
        try database.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM signing_key")
                .map(SigningKeyRecord.init(row:))
                .sorted(by: SigningKeyRecord.precedes)
        }
    }

    package func insertActiveKey(_ record: SigningKeyRecord) throws(StoreError) -> Bool {
        try database.write { try $0.insert(record, as: .active) }
    }

    package func insertNextKey(_ record: SigningKeyRecord) throws(StoreError) -> Bool {
        try database.write { try $0.insert(record, as: .next) }
    }

    package func scheduleNextKey(_ keyID: String, activatesAt: Int64) throws(StoreError) -> Bool {
        try database.write { database in
            try database.execute(
                sql: """
                    UPDATE signing_key SET activates_at = min(activates_at, ?) WHERE key_id = ? AND state = 'next'
                    """,
                arguments: [activatesAt, keyID]
            )
            return database.changesCount == 1
        }
    }

    package func promoteKey(_ keyID: String, at unixTime: Int64) throws(StoreError) -> Bool {
        try database.write { database in
            let algorithm = try String.fetchOne(
                database,
                sql: "SELECT algorithm FROM signing_key WHERE key_id = ? AND state = 'next'",
                arguments: [keyID]
            )
            guard let algorithm else { return false }
            return try database.promoteNextKey(of: algorithm, at: unixTime)
        }
    }

    package func extendUse(ofKey keyID: String, until unixTime: Int64) throws(StoreError) -> Bool {
        try database.write { database in
            let signedUntil = try Int64.fetchOne(
                database,
                sql: "SELECT signed_until FROM signing_key WHERE key_id = ?",
                arguments: [keyID]
            )
            guard let signedUntil else { return false }
            // Nothing is written where nothing changes, so that no watcher is woken for it.
            guard unixTime > signedUntil else { return true }
            try database.execute(
                sql: "UPDATE signing_key SET signed_until = ? WHERE key_id = ?",
                arguments: [unixTime, keyID]
            )
            return true
        }
    }

    package func removeKey(
        _ keyID: String,
        replacement: SigningKeyRecord?,
        at unixTime: Int64
    ) throws(StoreError) -> Bool {
        try database.write { database in
            let row = try Row.fetchOne(
                database,
                sql: "DELETE FROM signing_key WHERE key_id = ? RETURNING *",
                arguments: [keyID]
            )
            guard let row else { return false }
            let algorithm: String = row["algorithm"]
            guard row["state"] == SigningKeyRecord.State.active.rawValue else { return true }
            if try database.promoteNextKey(of: algorithm, at: unixTime) { return true }
            if let replacement, replacement.algorithm.name == algorithm {
                _ = try database.insert(replacement, as: .active)
            }
            return true
        }
    }

    package func removeRetiredKey(_ keyID: String, signedUntil: Int64) throws(StoreError) -> Bool {
        try database.write { database in
            try database.execute(
                sql: "DELETE FROM signing_key WHERE key_id = ? AND state = 'retired' AND signed_until <= ?",
                arguments: [keyID, signedUntil]
            )
            return database.changesCount == 1
        }
    }
}

extension Database {
    /// Adds a key unless its algorithm has one in this state.
    fileprivate func insert(_ record: SigningKeyRecord, as state: SigningKeyRecord.State) throws -> Bool {
        // The partial unique indexes say which two cannot be.
        try execute(
            sql: """
                INSERT INTO signing_key
                    (key_id, algorithm, state, created_at, activates_at, retired_at, signed_until, sealed_key)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (algorithm) WHERE state = 'active' DO NOTHING
                ON CONFLICT (algorithm) WHERE state = 'next' DO NOTHING
                """,
            arguments: [
                record.keyID, record.algorithm.name, state.rawValue, record.createdAt, record.activatesAt,
                record.retiredAt, record.signedUntil, Data(record.sealedKey),
            ]
        )
        return changesCount == 1
    }

    /// Lets the next key of an algorithm take over; returns whether there is one.
    fileprivate func promoteNextKey(of algorithm: String, at unixTime: Int64) throws -> Bool {
        let next = try String.fetchOne(
            self,
            sql: "SELECT key_id FROM signing_key WHERE algorithm = ? AND state = 'next'",
            arguments: [algorithm]
        )
        guard let next else { return false }
        try execute(
            sql: """
                UPDATE signing_key SET state = 'retired', retired_at = ? WHERE algorithm = ? AND state = 'active'
                """,
            arguments: [unixTime, algorithm]
        )
        try execute(
            sql: "UPDATE signing_key SET state = 'active', activates_at = ? WHERE key_id = ?",
            arguments: [unixTime, next]
        )
        return true
    }
}

extension SigningKeyRecord {
    fileprivate init(row: Row) throws {
        let algorithmName: String = row["algorithm"]
        let stateName: String = row["state"]
        guard let algorithm = SignatureAlgorithm(name: algorithmName), let state = State(rawValue: stateName) else {
            throw StoreError.corrupt("a signing key has the algorithm \(algorithmName) and the state \(stateName)")
        }
        let sealedKey: Data = row["sealed_key"]
        self.init(
            keyID: row["key_id"],
            algorithm: algorithm,
            state: state,
            createdAt: row["created_at"],
            activatesAt: row["activates_at"],
            retiredAt: row["retired_at"],
            signedUntil: row["signed_until"],
            sealedKey: Array(sealedKey)
        )
    }
}
