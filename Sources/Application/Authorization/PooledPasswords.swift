import Configuration
import Crypto
import Locking
import Logging
import OAuthServer
import PasswordHashing

/// Checks passwords on the hashing threads; another configuration may bring other threads.
final class PooledPasswords: PasswordChecking {
    private let current: Locked<(settings: PasswordSettings, pool: PasswordHashingPool)>
    private let logger = Logger(label: "gatehouse")

    /// Starts the threads.
    ///
    /// - Throws: `ApplicationError.setup` where there is no memory for a hash.
    init(_ settings: PasswordSettings) throws(ApplicationError) {
        current = Locked((settings, try Self.makePool(settings)))
    }

    /// Hashes as another configuration says from now on; what is being hashed is hashed to its end.
    func takeOver(_ settings: PasswordSettings) {
        guard current.withLock({ $0.settings }) != settings else { return }
        do throws(ApplicationError) {
            let pool = try Self.makePool(settings)
            current.withLock { $0 = (settings, pool) }
        } catch {
            logger.error("passwords are hashed as before: \(error.description)")
        }
    }

    func check(_ password: [UInt8], against hash: String?, urgency: PasswordCheckUrgency) async -> PasswordCheck {
        let pool = current.withLock { $0.pool }
        do throws(PasswordHashingError) {
            switch try await pool.verify(password, against: hash, urgency: PasswordUrgency(urgency)) {
            case .matches(let replacement): return .matches(replacement: replacement)
            case .differs: return .differs
            }
        } catch {
            // Nobody looked, so nothing is said about the password.
            note(error)
            return .busy
        }
    }

    func hash(_ password: [UInt8]) async -> String? {
        let pool = current.withLock { $0.pool }
        do throws(PasswordHashingError) {
            return try await pool.hash(password, urgency: .known)
        } catch {
            note(error)
            return nil
        }
    }

    private func note(_ error: PasswordHashingError) {
        guard case .failed(let reason) = error else { return }
        logger.error("a password could not be hashed: \(reason)")
    }

    private static func makePool(_ settings: PasswordSettings) throws(ApplicationError) -> PasswordHashingPool {
        let threads = settings.threads ?? max(1, SystemClock.processorCount / 2)
        do throws(CryptoError) {
            return try PasswordHashingPool(
                threads: threads,
                parameters: PasswordHashParameters(
                    memory: UInt32(clamping: settings.memory / 1024),
                    iterations: UInt32(clamping: settings.iterations)
                )
            )
        } catch {
            throw .setup("passwords can't be hashed: \(error)")
        }
    }
}

extension PasswordUrgency {
    fileprivate init(_ urgency: PasswordCheckUrgency) {
        self =
            switch urgency {
            case .known: .known
            case .unknown: .unknown
            case .suspect: .suspect
            }
    }
}
