import GRDB
import JWT
import Locking

/// Tells whether anyone, this process too, has changed the database file.
///
/// It asks `PRAGMA data_version` on a connection of its own that only reads, because a connection is blind to its own
/// writes. Asking costs some microseconds; the caller does it from a timer, off the event loops.
package final class SQLiteChangeWatcher: Sendable {
    private let connection: DatabaseQueue
    private let lastVersion: Locked<Int64>

    /// Watches from now on.
    package init(_ database: SQLiteDatabase) throws(StoreError) {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(1)
        configuration.label = "gatehouse.storage.watcher"
        connection = try StoreError.mapping {
            try DatabaseQueue(path: database.path, configuration: configuration)
        }
        lastVersion = Locked(try Self.version(connection))
    }

    /// Whether anything was committed since the last call.
    package func hasChanged() throws(StoreError) -> Bool {
        let version = try Self.version(connection)
        return lastVersion.withLock { last in
            defer { last = version }
            return version != last
        }
    }

    private static func version(_ connection: DatabaseQueue) throws(StoreError) -> Int64 {
        let version = try StoreError.mapping {
            try connection.unsafeRead { try Int64.fetchOne($0, sql: "PRAGMA data_version") }
        }
        guard let version else { throw .unavailable("the database has no version") }
        return version
    }
}
