import Dispatch
import GRDB
import Glibc
import Locking

/// How long is waited for a lock that another process holds.
///
/// SQLite's own waiting gets as slow as ten times a second, and would rarely meet the moment in which a busy server holds
/// no lock. SQLite counts the attempts alone, and on a busy machine each takes a multiple of the time that it should, so
/// what counts here is the clock.
final class LockPatience: Sendable {
    private let nanoseconds: UInt64
    /// When the wait of each thread began.
    private let begins = Locked<[pthread_t: UInt64]>([:])

    init(nanoseconds: UInt64 = 10_000_000_000) {
        self.nanoseconds = nanoseconds
    }

    /// Waits half a millisecond, unless the time is over; whether to try again.
    ///
    /// The first attempt of a wait is 0.
    @Sendable func wait(attempts: Int) -> Bool {
        let now = DispatchTime.now().uptimeNanoseconds
        let began = begins.withLock { begins in
            if attempts == 0 { begins[pthread_self()] = now }
            return begins[pthread_self()] ?? now
        }
        guard now - began < nanoseconds else { return false }
        usleep(.random(in: 400...600))
        return true
    }

    /// Repeats what fails because of another's lock without having asked whether to wait.
    ///
    /// SQLite does not ask where waiting could be in vain: of two that have read and would both write, one must begin
    /// anew, and GRDB makes the log of a new file in such a way.
    func repeating<Value>(_ body: () throws -> Value) throws -> Value {
        var attempts = 0
        while true {
            do {
                return try body()
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                guard wait(attempts: attempts) else { throw error }
                attempts += 1
            }
        }
    }
}
