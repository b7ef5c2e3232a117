import Glibc

/// A value behind a lock, for what several threads share off the data path.
///
/// The lock is a pthread mutex: ThreadSanitizer knows it, so a clean run means something. (It does not see through the
/// standard library's `Mutex`, and reports what that protects.)
///
/// SAFETY: `@unchecked Sendable`, since the value is reached under the lock only; the mutex has an address of its own that
/// does not move.
package final class Locked<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    package init(_ value: Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs the work alone with the value; it must not come back to the same lock.
    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
