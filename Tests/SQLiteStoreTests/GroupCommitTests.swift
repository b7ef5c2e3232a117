import Foundation
import GRDB
import JWT
import Locking
import Testing

@testable import SQLiteStore

@Suite struct GroupCommitTests {
    let folder: TemporaryFolder
    let database: SQLiteDatabase

    init() throws {
        folder = try TemporaryFolder()
        database = try SQLiteDatabase(path: folder.file("gatehouse.db"))
        try database.write { try $0.execute(sql: "CREATE TABLE number (value INTEGER PRIMARY KEY)") }
    }

    private func numbers() throws -> [Int64] {
        try database.read { try $0.all("SELECT value FROM number ORDER BY value") { $0.integer(0) } }
    }

    /// Keeps the writer from its work until the condition holds.
    private func holdWriter(until isEnough: @escaping @Sendable () -> Bool) async {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "holder").async { [database] in
                try? database.write { _ in
                    continuation.resume()
                    while !isEnough() { usleep(500) }
                }
            }
        }
    }

    @Test func `one that fails undoes all of its own writes and none of another's`() async throws {
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<100 {
                group.addTask { [database] in
                    do throws(StoreError) {
                        try await database.groupCommit.run { database in
                            try database.run("INSERT INTO number VALUES (?)", [index])
                            if index.isMultiple(of: 3) { throw StoreError.corrupt("\(index)") }
                            try database.run("INSERT INTO number VALUES (?)", [index + 1000])
                        }
                        #expect(!index.isMultiple(of: 3))
                    } catch {
                        #expect(error == .corrupt("\(index)"))
                    }
                }
            }
        }
        let expected = (0..<100).filter { !$0.isMultiple(of: 3) }
        #expect(try numbers() == (expected + expected.map { $0 + 1000 }).map(Int64.init))
    }

    @Test func `a broken statement fails its caller alone`() async throws {
        async let broken: Void = database.groupCommit.run { database in
            try database.run("INSERT INTO number VALUES (1)")
            try database.run("INSERT INTO number VALUES (1)")
        }
        async let good: Int = database.groupCommit.run { try $0.run("INSERT INTO number VALUES (2)") }
        #expect(try await good == 1)
        do {
            try await broken
            Issue.record("two rows have the same key")
        } catch {}
        #expect(try numbers() == [2])
    }

    @Test func `who waited while another process kept the lock need not wait as long again`() async throws {
        let attempts = Locked(0)
        let giveUp = Locked(false)
        var configuration = Configuration()
        configuration.busyMode = .callback { _ in
            attempts.withLock { $0 += 1 }
            usleep(500)
            return !giveUp.withLock { giveUp in
                defer { giveUp = false }
                return giveUp
            }
        }
        let commits = GroupCommit(try DatabasePool(path: folder.file("gatehouse.db"), configuration: configuration))
        var openEnded = Configuration()
        openEnded.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: folder.file("gatehouse.db"), configuration: openEnded)
        try await other.writeWithoutTransaction { try $0.beginTransaction(.immediate) }
        let first = Task { try await commits.run { try $0.run("INSERT INTO number VALUES (1)") } }
        while attempts.withLock({ $0 == 0 }) { await Task.yield() }
        let second = Task { try await commits.run { try $0.run("INSERT INTO number VALUES (2)") } }
        while commits.waitingCount == 0 { await Task.yield() }
        giveUp.withLock { $0 = true }
        await #expect(throws: StoreError.self) { try await first.value }
        try await other.writeWithoutTransaction { try $0.rollback() }
        // It would be done now if it had gone on waiting.
        await #expect(throws: StoreError.self) { try await second.value }
        #expect(try await commits.run { try $0.run("INSERT INTO number VALUES (3)") } == 1)
        #expect(try numbers() == [3])
    }

    @Test func `many that come together share a transaction`() async throws {
        let counter = CommitCounter()
        try database.write { $0.add(transactionObserver: counter, extent: .databaseLifetime) }
        let before = counter.count.withLock { $0 }
        await holdWriter { [database] in database.groupCommit.waitingCount == 400 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<400 {
                group.addTask { [database] in
                    _ = try await database.groupCommit.run { try $0.run("INSERT INTO number VALUES (?)", [index]) }
                }
            }
            try await group.waitForAll()
        }
        #expect(try numbers().count == 400)
        // That of the holder, and one.
        #expect(counter.count.withLock { $0 } - before == 2)
    }

    @Test func `more than may wait are refused, and those that wait are done`() async throws {
        let small = GroupCommit(database.pool, limit: 10)
        let refusals = Locked<[StoreError]>([])
        await holdWriter { small.waitingCount == 10 && refusals.withLock { $0.count } == 40 }
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<50 {
                group.addTask {
                    do throws(StoreError) {
                        _ = try await small.run { try $0.run("INSERT INTO number VALUES (?)", [index]) }
                    } catch {
                        refusals.withLock { $0.append(error) }
                    }
                }
            }
        }
        #expect(refusals.withLock { $0 } == Array(repeating: .unavailable("too many writes are waiting"), count: 40))
        #expect(try numbers().count == 10)
    }

    @Test func `a full disk fails those that need room, and is no end`() async throws {
        let pages = try database.read { try $0.first("PRAGMA page_count") { $0.integer(0) } ?? 0 }
        try database.write {
            try $0.execute(sql: "CREATE TABLE text (value BLOB); PRAGMA max_page_count = \(pages + 20)")
        }
        let outcomes = await withTaskGroup(of: StoreError?.self) { group in
            for _ in 0..<100 {
                group.addTask { [database] in
                    do throws(StoreError) {
                        _ = try await database.groupCommit.run {
                            try $0.run("INSERT INTO text VALUES (zeroblob(3000))")
                        }
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let stored = try database.read { try $0.first("SELECT count(*) FROM text") { $0.integer(0) } }
        // What was told to be stored is; the others were told that it is not.
        #expect(stored == Int64(outcomes.count { $0 == nil }))
        #expect(outcomes.contains { $0 != nil })
        try database.write { try $0.execute(sql: "PRAGMA max_page_count = 4294967294") }
        _ = try await database.groupCommit.run { try $0.run("INSERT INTO text VALUES (zeroblob(3000))") }
    }

    @Test func `a commit that fails is told to all that share it`() async throws {
        let observer = CommitBreaker()
        try database.write { $0.add(transactionObserver: observer, extent: .databaseLifetime) }
        observer.isBroken.withLock { $0 = true }
        await holdWriter { [database] in database.groupCommit.waitingCount == 20 }
        let failures = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<20 {
                group.addTask { [database] in
                    let result: Int? = try? await database.groupCommit.run { database in
                        try database.run("INSERT INTO number VALUES (?)", [index])
                    }
                    return result == nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(failures == 20)
        #expect(try numbers().isEmpty)
        observer.isBroken.withLock { $0 = false }
        _ = try await database.groupCommit.run { try $0.run("INSERT INTO number VALUES (1)") }
        #expect(try numbers() == [1])
    }
}

/// Counts transactions that changed something.
private final class CommitCounter: TransactionObserver {
    let count = Locked(0)

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidRollback(_ database: Database) {}
    func databaseDidCommit(_ database: Database) { count.withLock { $0 += 1 } }
}

/// Makes commits fail, as a broken disk does.
private final class CommitBreaker: TransactionObserver {
    let isBroken = Locked(false)

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidRollback(_ database: Database) {}
    func databaseDidCommit(_ database: Database) {}
    func databaseWillCommit() throws {
        if isBroken.withLock({ $0 }) { throw StoreError.unavailable("the disk is broken") }
    }
}
