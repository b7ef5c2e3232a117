import GRDB
import JWT
import Locking

/// Connections that only read, one for each processor.
///
/// A read takes microseconds and never waits for a writer, so it runs on the thread that asks for it; handing it to
/// another would cost more than the read.
final class ReadConnections: Sendable {
    private struct State {
        var all: [DatabaseQueue] = []
        var free: [DatabaseQueue] = []
        var turn = 0
        var isClosed = false
    }

    private let path: String
    private let limit: Int
    private let state = Locked(State())

    /// Opens nothing yet.
    init(path: String, limit: Int) {
        self.path = path
        self.limit = limit
    }

    /// Runs reads; each statement sees what was committed when it began.
    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        let (connection, isShared) = try state.withLock { state throws(StoreError) in try borrow(&state) }
        defer { if !isShared { state.withLock { $0.free.append(connection) } } }
        return try StoreError.mapping { try connection.unsafeRead(body) }
    }

    /// Closes all connections; further reads fail.
    func close() throws(StoreError) {
        let all = state.withLock { state in
            state.isClosed = true
            return state.all
        }
        try StoreError.mapping { for connection in all { try connection.close() } }
    }

    /// A connection that nobody uses, else a new one; where there are enough, one to wait for.
    private func borrow(_ state: inout State) throws(StoreError) -> (DatabaseQueue, isShared: Bool) {
        guard !state.isClosed else { throw .unavailable("the database is closed") }
        if let connection = state.free.popLast() { return (connection, false) }
        guard state.all.count >= limit else {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(1)
            configuration.label = "gatehouse.storage.reader"
            let connection = try StoreError.mapping { try DatabaseQueue(path: path, configuration: configuration) }
            state.all.append(connection)
            return (connection, false)
        }
        state.turn = (state.turn + 1) % state.all.count
        return (state.all[state.turn], true)
    }
}
