import GRDB
import JWT
import Locking

/// Runs the writes of many callers in few transactions.
///
/// A commit waits for the disk, which takes far longer than the writes in it. So while one is under way others gather,
/// and the next transaction takes all of them. Each runs in a savepoint of its own: one that fails undoes itself alone.
/// Callers go on after the commit, so what they were told is durable.
final class GroupCommit: Sendable {
    private struct State {
        var waiting: [Job] = []
        var isScheduled = false
    }

    private let pool: DatabasePool
    private let limit: Int
    private let state = Locked(State())

    /// - Parameter limit: how many may wait; more are refused, so that a disk that hangs costs no memory.
    init(_ pool: DatabasePool, limit: Int = 10_000) {
        self.pool = pool
        self.limit = limit
    }

    /// Runs writes that are all done, and durable, when it returns; where the body throws, none is done.
    ///
    /// - Throws: what the body throws; `unavailable` where the commit fails or too many wait.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            let job = Job(
                write: { database in
                    let result = Self.inSavepoint(database, body)
                    return { error in continuation.resume(returning: error.map { .failure($0) } ?? result) }
                },
                fail: { continuation.resume(returning: .failure($0)) }
            )
            if !enqueue(job) { job.fail(.unavailable("too many writes are waiting")) }
        }
        return try result.get()
    }

    /// How many wait for their transaction.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    private func enqueue(_ job: Job) -> Bool {
        let (isAccepted, mustSchedule) = state.withLock { state in
            guard state.waiting.count < limit else { return (false, false) }
            state.waiting.append(job)
            defer { state.isScheduled = true }
            return (true, !state.isScheduled)
        }
        if mustSchedule { schedule() }
        return isAccepted
    }

    /// One transaction for each turn of the writer's queue: those who write without us have their turn in between.
    private func schedule() {
        pool.asyncWriteWithoutTransaction { [self] database in
            let jobs = state.withLock { state in
                let jobs = Array(state.waiting.prefix(Self.longestBatch))
                state.waiting.removeFirst(jobs.count)
                return jobs
            }
            let lockFailure = Self.commit(jobs, database)
            let (late, hasMore) = state.withLock { state in
                let late = lockFailure == nil ? [] : state.waiting
                if lockFailure != nil { state.waiting = [] }
                state.isScheduled = !state.waiting.isEmpty
                return (late, state.isScheduled)
            }
            // Another process has kept the lock for seconds, which these have waited too: they need not wait as long again.
            if let lockFailure { for job in late { job.fail(lockFailure) } }
            if hasMore { schedule() }
        }
    }

    /// Does the jobs in one transaction and tells their callers; returns why the write lock was not to be had.
    private static func commit(_ jobs: [Job], _ database: Database) -> StoreError? {
        do throws(StoreError) {
            try StoreError.mapping { try database.beginTransaction(.immediate) }
        } catch {
            for job in jobs { job.fail(error) }
            return error
        }
        var reports: [Job.Report] = []
        do throws(StoreError) {
            try StoreError.mapping {
                for job in jobs {
                    reports.append(job.write(database))
                    // A full disk, among others, ends the whole transaction and not only the statement.
                    guard database.isInsideTransaction else {
                        throw StoreError.unavailable("the transaction was rolled back")
                    }
                }
                try database.commit()
            }
            for report in reports { report(nil) }
        } catch {
            if database.isInsideTransaction { try? database.rollback() }
            for report in reports { report(error) }
            for job in jobs.dropFirst(reports.count) { job.fail(error) }
        }
        return nil
    }

    private static func inSavepoint<Value>(
        _ database: Database,
        _ body: (Database) throws -> Value
    ) -> Result<Value, StoreError> {
        do throws(StoreError) {
            let value = try StoreError.mapping {
                try database.run("SAVEPOINT write_of_one")
                let value = try body(database)
                try database.run("RELEASE write_of_one")
                return value
            }
            return .success(value)
        } catch {
            if database.isInsideTransaction {
                _ = try? database.run("ROLLBACK TO write_of_one")
                _ = try? database.run("RELEASE write_of_one")
            }
            return .failure(error)
        }
    }

    /// So that the lock is not held for long, and that the first of many does not wait for the last.
    private static let longestBatch = 512
}

/// The writes of one caller.
private struct Job: Sendable {
    /// Tells the caller how it went; with an error where the commit failed.
    typealias Report = @Sendable (StoreError?) -> Void

    /// Does the writes.
    let write: @Sendable (Database) -> Report
    /// Tells the caller that the writes were not done.
    let fail: @Sendable (StoreError) -> Void
}
