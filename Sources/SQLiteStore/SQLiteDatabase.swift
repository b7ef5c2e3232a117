import Foundation
import GRDB
import Glibc
import JWT

/// The SQLite file that everything durable is kept in; calls block and belong off the event loops.
///
/// In WAL mode, so that commands and a running server can use it at the same time.
package final class SQLiteDatabase: Sendable {
    /// Where the file is.
    package let path: String
    /// For what the authorization server reads: one statement each, on the caller's thread.
    let readConnections: ReadConnections
    /// For what the authorization server writes: many callers in one transaction.
    let groupCommit: GroupCommit
    let pool: DatabasePool

    /// Opens the file, makes it (mode 0600, its folders 0700) where it is missing, and brings its schema up to date.
    ///
    /// - Throws: `unavailable`, `corrupt` or `newerSchema`.
    package init(path: String) throws(StoreError) {
        self.path = path
        try Self.createFile(path)
        var configuration = Configuration()
        configuration.busyMode = .callback(LockPatience().wait)
        configuration.maximumReaderCount = 4
        configuration.label = "gatehouse.storage"
        pool = try StoreError.mapping {
            try LockPatience().repeating { try DatabasePool(path: path, configuration: configuration) }
        }
        readConnections = ReadConnections(path: path, limit: max(2, ProcessInfo.processInfo.activeProcessorCount))
        groupCommit = GroupCommit(pool)
        try StoreError.mapping {
            try pool.writeWithoutTransaction { try $0.execute(sql: Self.writerSettings) }
            try pool.write { try SQLiteSchema.migrate($0) }
        }
    }

    /// Reads from one consistent snapshot.
    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        try StoreError.mapping { try pool.read(body) }
    }

    /// Runs one transaction that begins with the write lock, so that what it reads is still true when it writes.
    func write<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        try StoreError.mapping { try pool.write(body) }
    }

    /// Closes all connections; further calls fail.
    package func close() throws(StoreError) {
        try readConnections.close()
        try StoreError.mapping { try pool.close() }
    }

    /// What the connection that writes does differently.
    ///
    /// `synchronous`: what was answered for must survive a power cut; GRDB's default in WAL mode may lose it. The rest, 16
    /// MiB of cache and as much of log between checkpoints, keeps a page that changes often from being read and copied
    /// again and again: at 100,000 grants a code exchange takes 124 instead of 165 µs of CPU, and a rotation 27 instead
    /// of 32.
    private static let writerSettings = """
        PRAGMA synchronous = FULL;
        PRAGMA cache_size = -16384;
        PRAGMA wal_autocheckpoint = 4096;
        """

    /// Makes an empty file that only its owner can read, unless one is there; SQLite gives its `-wal` the same mode.
    private static func createFile(_ path: String) throws(StoreError) {
        try StoreError.mapping { try StorageFolder.create(forFile: path) }
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unavailable("\(path): \(String(cString: strerror(errno)))") }
        Glibc.close(descriptor)
    }
}

/// The folder of a file that is kept secret.
enum StorageFolder {
    /// Makes the folder with those above it, mode 0700, where it is missing.
    static func create(forFile path: String) throws {
        try FileManager.default.createDirectory(
            at: URL(fileURLWithPath: path).deletingLastPathComponent(),
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
    }
}

extension StoreError {
    /// Runs something of GRDB's and turns what it throws into an error of ours.
    static func mapping<Value>(_ body: () throws -> Value) throws(StoreError) -> Value {
        do {
            return try body()
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError {
            // The text without the statement and its arguments: they may be secret.
            let text = error.message ?? error.resultCode.description
            switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_SCHEMA: throw .corrupt(text)
            default: throw .unavailable(text)
            }
        } catch {
            throw .unavailable("\(error)")
        }
    }
}
