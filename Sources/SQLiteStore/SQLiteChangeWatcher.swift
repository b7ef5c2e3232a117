import GRDB
import JWT
import Locking

/// Tells what of it that servers keep in memory anyone, this process too, has changed in the database file.
///
/// It asks `PRAGMA data_version` on a connection of its own that only reads, because a connection is blind to its own
/// writes. That costs some microseconds, and so does the look at the counters that follows where anything was committed:
/// thousands of grants a second make no one read keys or revocations again. The caller asks from a timer, off the event
/// loops.
package final class SQLiteChangeWatcher: Sendable {
    private struct State: Equatable {
        var version: Int64
        var counters: [String: Int64]
    }

    private let connection: DatabaseQueue
    private let last: Locked<State>

    /// Watches from now on.
    package init(_ database: SQLiteDatabase) throws(StoreError) {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(1)
        configuration.label = "gatehouse.storage.watcher"
        connection = try StoreError.mapping {
            try DatabaseQueue(path: database.path, configuration: configuration)
        }
        // The version first: what is committed between the two is then looked at once more, not missed.
        let version = try Self.version(connection)
        last = Locked(State(version: version, counters: try Self.counters(connection)))
    }

    /// What was changed since the last call.
    package func changes() throws(StoreError) -> StorageChanges {
        let version = try Self.version(connection)
        guard version != last.withLock({ $0.version }) else { return [] }
        let state = State(version: version, counters: try Self.counters(connection))
        return last.withLock { last in
            defer { last = state }
            var changes: StorageChanges = []
            if last.counters["revocation"] != state.counters["revocation"] { changes.insert(.revocations) }
            if last.counters["signing_key"] != state.counters["signing_key"] { changes.insert(.signingKeys) }
            return changes
        }
    }

    private static func version(_ connection: DatabaseQueue) throws(StoreError) -> Int64 {
        let version = try StoreError.mapping {
            try connection.unsafeRead { try $0.first("PRAGMA data_version") { $0.integer(0) } }
        }
        guard let version else { throw .unavailable("the database has no version") }
        return version
    }

    private static func counters(_ connection: DatabaseQueue) throws(StoreError) -> [String: Int64] {
        let rows = try StoreError.mapping {
            try connection.unsafeRead { database in
                try database.all("SELECT topic, value FROM change_counter") { row in
                    (row[0] as String, row.integer(1))
                }
            }
        }
        return Dictionary(rows, uniquingKeysWith: max)
    }
}

/// What of it that servers keep in memory has changed in the storage.
package struct StorageChanges: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static let revocations = StorageChanges(rawValue: 1)
    package static let signingKeys = StorageChanges(rawValue: 2)
}
