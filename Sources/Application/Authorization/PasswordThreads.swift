import Configuration
import Crypto
import Locking
import Logging
import PasswordHashing

/// The threads that hash passwords; another configuration may bring others.
final class PasswordThreads: Sendable {
    private let current: Locked<(settings: PasswordSettings, pool: PasswordHashingPool)>
    private let logger = Logger(label: "gatehouse.passwords")

    /// Starts the threads.
    ///
    /// - Throws: `ApplicationError.setup` where there is no memory for a hash.
    init(_ settings: PasswordSettings) throws(ApplicationError) {
        current = Locked((settings, try Self.start(settings)))
    }

    /// Those of the last configuration that was taken over.
    var pool: PasswordHashingPool { current.withLock { $0.pool } }

    /// Starts others where another configuration asks for it; what is being hashed is hashed to its end.
    func takeOver(_ settings: PasswordSettings) {
        guard current.withLock({ $0.settings }) != settings else { return }
        do throws(ApplicationError) {
            let pool = try Self.start(settings)
            current.withLock { $0 = (settings, pool) }
        } catch {
            logger.error("passwords are hashed as before: \(error.description)")
        }
    }

    private static func start(_ settings: PasswordSettings) throws(ApplicationError) -> PasswordHashingPool {
        do throws(CryptoError) {
            return try PasswordHashingPool(
                threads: settings.threads ?? max(1, SystemClock.processorCount / 2),
                parameters: PasswordHashParameters(settings)
            )
        } catch {
            throw .setup("passwords can't be hashed: \(error)")
        }
    }
}
