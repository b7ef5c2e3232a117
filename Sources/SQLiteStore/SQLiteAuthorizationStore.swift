import GRDB
import JWT
import OAuthServer

/// Keeps what the authorization server remembers in SQLite.
///
/// Reads run on the caller's thread, which costs some microseconds; writes of many callers share a transaction. What each
/// operation does stands in the extensions, one for each kind of record.
package struct SQLiteAuthorizationStore: AuthorizationStore {
    private let database: SQLiteDatabase
    private let reportFault: @Sendable (StoreError) -> Void

    /// - Parameter reportFault: told, from any thread, of everything that the caller is answered with a 503 for.
    package init(_ database: SQLiteDatabase, reportFault: @escaping @Sendable (StoreError) -> Void = { _ in }) {
        self.database = database
        self.reportFault = reportFault
    }

    /// Reads with single statements, each of which sees what was committed when it began.
    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do throws(StoreError) {
            return try database.readConnections.read(body)
        } catch {
            reportFault(error)
            throw error
        }
    }

    /// Writes all or nothing; durable when it returns.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do throws(StoreError) {
            return try await database.groupCommit.run(body)
        } catch {
            reportFault(error)
            throw error
        }
    }
}
