import Configuration
import Crypto
import Logging
import OAuthServer
import Observability
import PasswordHashing

/// Checks passwords for the sign-in service with the pool of hashing threads.
struct PasswordChecker: PasswordChecking {
    let pool: PasswordHashingPool
    let metrics: AuthorizationMetrics
    private let logger = Logger(label: "gatehouse.passwords")

    init(pool: PasswordHashingPool, metrics: AuthorizationMetrics) {
        self.pool = pool
        self.metrics = metrics
    }

    func check(_ password: [UInt8], against hash: String?, urgency: PasswordCheckUrgency) async -> PasswordCheck {
        let urgency = PasswordUrgency(urgency)
        do throws(PasswordHashingError) {
            switch try await pool.verify(password, against: hash, urgency: urgency) {
            case .matches(let replacement): return .matches(replacement: replacement)
            case .differs: return .differs
            }
        } catch .failed(.malformedPasswordHash) {
            // Nobody can sign in with such a hash, and it must not answer sooner than a wrong password.
            logger.error("a user's stored password hash can't be read; give them a new password")
            return await check(password, against: nil, urgency: .unknown)
        } catch {
            return busy(error)
        }
    }

    func hash(_ password: [UInt8]) async -> String? {
        do throws(PasswordHashingError) {
            return try await pool.hash(password, urgency: .known)
        } catch {
            _ = busy(error)
            return nil
        }
    }

    private func busy(_ error: PasswordHashingError) -> PasswordCheck {
        if case .failed(let reason) = error { logger.error("a password can't be hashed: \(reason)") }
        metrics.countLogin(.busy)
        return .busy
    }
}

extension PasswordHashParameters {
    /// What the configuration says one hash costs.
    package init(_ settings: PasswordSettings) {
        self.init(memory: UInt32(clamping: settings.memory / 1024), iterations: UInt32(clamping: settings.iterations))
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

extension FailureRate {
    /// What the configuration puts up with; nil for anything.
    init?(_ rate: Rate?) {
        guard let rate else { return nil }
        self.init(count: rate.count, period: rate.period)
    }
}
