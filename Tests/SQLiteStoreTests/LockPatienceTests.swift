import Dispatch
import Foundation
import GRDB
import Testing

@testable import SQLiteStore

@Suite struct LockPatienceTests {
    private static let millisecond: UInt64 = 1_000_000

    @Test func `attempts that take long are no reason to wait longer`() {
        let patience = LockPatience(nanoseconds: 50 * Self.millisecond)
        var attempts = 0
        while patience.wait(attempts: attempts), attempts < 1000 {
            usleep(10_000)
            attempts += 1
        }
        #expect(attempts >= 1 && attempts <= 5)
    }

    @Test func `each wait has the whole time`() {
        let patience = LockPatience(nanoseconds: 50 * Self.millisecond)
        for _ in 0..<3 {
            let began = DispatchTime.now().uptimeNanoseconds
            var attempts = 0
            while patience.wait(attempts: attempts) { attempts += 1 }
            #expect(DispatchTime.now().uptimeNanoseconds - began >= 50 * Self.millisecond)
        }
    }

    @Test func `a lock that was not waited for is asked for again, other errors are not`() throws {
        let patience = LockPatience()
        var calls = 0
        let value = try patience.repeating {
            calls += 1
            if calls < 4 { throw DatabaseError(resultCode: .SQLITE_BUSY_SNAPSHOT) }
            return calls
        }
        #expect(value == 4)
        #expect(throws: DatabaseError.self) {
            try patience.repeating {
                calls += 1
                throw DatabaseError(resultCode: .SQLITE_FULL)
            }
        }
        #expect(calls == 5)
    }

    @Test func `many open a new file at once, again and again`() async throws {
        let folder = try TemporaryFolder()
        for number in 0..<20 {
            let path = folder.file("race\(number).db")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { try SQLiteDatabase(path: path).close() }
                }
                try await group.waitForAll()
            }
        }
    }
}
