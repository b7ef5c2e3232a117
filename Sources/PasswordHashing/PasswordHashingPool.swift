import Crypto
import Locking

/// Hashes passwords off the event loops: on a few threads of low priority, behind a queue that has an end.
///
/// How it works: a hash takes tens of milliseconds and as many megabytes as its parameters say, so what strangers can ask
/// for is bounded three ways: by the number of threads (and so of hashes in memory), by what may wait, and by priority,
/// which gives requests that are being proxied the processor first. Who finds no room is told so at once.
package final class PasswordHashingPool: Sendable {
    /// What new hashes cost; those made with other parameters are replaced when their password is at hand.
    package let parameters: PasswordHashParameters
    private let queue: WaitingWork
    // What a password is compared with where there is no user: it takes as long and never matches.
    private let dummy: PasswordHash

    /// Starts the threads.
    ///
    /// - Parameter threads: how many hashes are computed at once.
    /// - Parameter waitingPerThread: how many more may wait, for each thread and urgency.
    /// - Throws: what `PasswordHash` throws where parameters are out of bounds or memory is short.
    package init(
        threads: Int,
        waitingPerThread: Int = 64,
        parameters: PasswordHashParameters = PasswordHashParameters()
    ) throws(CryptoError) {
        self.parameters = parameters
        dummy = try PasswordHash(of: SecureRandom.bytes(count: 32), parameters: parameters)
        // This thread hashes nothing else.
        PasswordHashMemory.release()
        let threads = max(threads, 1)
        queue = WaitingWork(limit: threads * max(waitingPerThread, 1))
        for _ in 0..<threads { LowPriorityThread.start { [queue] in queue.run(rest: PasswordHashMemory.release) } }
    }

    /// Ends the threads; what waits, and whatever comes later, is `busy`.
    deinit { queue.close() }

    /// Whether a password is the one of a stored hash; nil stands for no user, costs the same and never matches.
    ///
    /// - Throws: `busy`, or `failed` where the stored text is no hash or memory is short.
    package func verify(
        _ password: [UInt8],
        against stored: String?,
        urgency: PasswordUrgency
    ) async throws(PasswordHashingError) -> PasswordVerdict {
        try await run(urgency) { [parameters, dummy] () throws(CryptoError) in
            guard let stored else {
                _ = try dummy.matches(password)
                return .differs
            }
            let hash = try PasswordHash(stored)
            guard try hash.matches(password) else { return .differs }
            guard hash.needsRehash(for: parameters) else { return .matches(replacement: nil) }
            return .matches(replacement: try PasswordHash(of: password, parameters: parameters).text)
        }
    }

    /// A new password's hash, as a PHC string.
    ///
    /// - Throws: `busy`, or `failed` where memory is short.
    package func hash(_ password: [UInt8], urgency: PasswordUrgency) async throws(PasswordHashingError) -> String {
        try await run(urgency) { [parameters] () throws(CryptoError) in
            try PasswordHash(of: password, parameters: parameters).text
        }
    }

    private func run<Value: Sendable>(
        _ urgency: PasswordUrgency,
        _ work: @escaping @Sendable () throws(CryptoError) -> Value
    ) async throws(PasswordHashingError) -> Value {
        let outcome: Result<Value, PasswordHashingError> = await withCheckedContinuation { continuation in
            queue.add(urgency) { isClosing in
                guard !isClosing else { return continuation.resume(returning: .failure(.busy)) }
                do throws(CryptoError) {
                    continuation.resume(returning: .success(try work()))
                } catch {
                    continuation.resume(returning: .failure(.failed(error)))
                }
            }
        }
        return try outcome.get()
    }
}

/// How soon a password should be looked at while others wait.
package enum PasswordUrgency: Int, Sendable, CaseIterable {
    /// From a browser in which this user has signed in before, or a session.
    case known
    /// From an address that has not failed lately.
    case unknown
    /// From an address that has.
    case suspect
}

/// What comparing a password came to.
package enum PasswordVerdict: Sendable, Equatable {
    /// It is the one; the replacement is a hash of it with today's parameters, where the stored one has others.
    case matches(replacement: String?)
    case differs
}

/// Why a password was not looked at.
package enum PasswordHashingError: Error, Sendable, Equatable {
    /// As many as may wait are waiting already, or the server is stopping.
    case busy
    /// The stored hash is none, or there was not enough memory.
    case failed(CryptoError)
}
