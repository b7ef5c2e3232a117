import Locking

/// Slows down who guesses passwords: failed log-ins are counted for each user name and each address.
///
/// An attempt counts from its beginning, and is taken back when it turns out right: of many guesses at once no more get
/// through than one after the other. A name that nobody has counts as any other. Whoever wants to lock a user out can
/// fill the bucket of that name, so a browser in which the user has signed in before has a bucket of its own instead.
/// Memory is bounded whatever comes. One limiter serves a process, across reloads.
package final class LoginLimiter: Sendable {
    private struct Buckets {
        var ofUsers: FailureBuckets
        var ofAddresses: FailureBuckets
    }

    private let buckets: Locked<Buckets>

    /// - Parameter perUser: failures for one user name; nil: any number.
    /// - Parameter perAddress: failures from one IPv4 address or IPv6 /64, or one known browser; nil: any number.
    package init(perUser: FailureRate?, perAddress: FailureRate?, capacity: Int = 65_536) {
        buckets = Locked(
            Buckets(
                ofUsers: FailureBuckets(rate: perUser, capacity: capacity),
                ofAddresses: FailureBuckets(rate: perAddress, capacity: capacity)
            )
        )
    }

    /// Counts by other rates from now on; what failed so far stays.
    package func use(perUser: FailureRate?, perAddress: FailureRate?) {
        buckets.withLock { buckets in
            buckets.ofUsers.rate = perUser
            buckets.ofAddresses.rate = perAddress
        }
    }

    /// Counts an attempt, or says how long to wait.
    ///
    /// - Parameter subject: whose password is tried, and where from.
    /// - Parameter unixTime: now, in seconds since 1970.
    package func begin(_ subject: LoginSubject, at unixTime: Int64) -> LoginAdmission {
        let now = unixTime * 1_000_000
        let keys = Keys(subject)
        return buckets.withLock { buckets in
            let userWait = keys.user.map { buckets.ofUsers.wait($0, at: now) } ?? 0
            let originWaits = keys.origins.map { buckets.ofAddresses.wait($0, at: now) }
            let wait = originWaits.reduce(userWait, max)
            guard wait == 0 else {
                return .refused(
                    retryAfter: FailureBuckets.seconds(wait),
                    by: wait == userWait ? .user : .address
                )
            }
            let isSuspect = keys.origins.contains { buckets.ofAddresses.hasFailures($0, at: now) }
            if let user = keys.user { buckets.ofUsers.add(user, at: now) }
            for origin in keys.origins { buckets.ofAddresses.add(origin, at: now) }
            return .admitted(LoginAttempt(keys: keys, hasFailedBefore: isSuspect))
        }
    }

    /// Does not count an attempt after all: it was right, or nobody looked at it.
    package func takeBack(_ attempt: LoginAttempt, at unixTime: Int64) {
        let now = unixTime * 1_000_000
        buckets.withLock { buckets in
            if let user = attempt.keys.user { buckets.ofUsers.takeBack(user, at: now) }
            for origin in attempt.keys.origins { buckets.ofAddresses.takeBack(origin, at: now) }
        }
    }

    /// The buckets that an attempt counts in.
    struct Keys: Sendable {
        let user: UInt64?
        let origins: [UInt64]

        init(_ subject: LoginSubject) {
            var origins: [UInt64] = []
            // Where there is no address, as over a Unix socket, all callers would share one.
            if !subject.address.isEmpty {
                origins.append(FailureBuckets.key("address", AddressPrefix.of(subject.address)))
            }
            switch subject.evidence {
            case .none: user = FailureBuckets.key("user", subject.user)
            case .knownBrowser(let id):
                user = nil
                origins.append(FailureBuckets.key("browser", id))
            case .session: user = FailureBuckets.key("session of", subject.user)
            }
            self.origins = origins
        }
    }
}

/// Whose password is tried, and from where.
package struct LoginSubject: Sendable, Equatable {
    /// What speaks for the caller beforehand.
    package enum Evidence: Sendable, Equatable {
        case none
        /// A browser in which this user has signed in before, by the id in its cookie.
        case knownBrowser(id: String)
        /// A session of this user: it is the old password of a change that is tried.
        case session
    }

    package var user: String
    package var address: String
    package var evidence: Evidence

    package init(user: String, address: String, evidence: Evidence = .none) {
        self.user = user
        self.address = address
        self.evidence = evidence
    }
}

/// Whether a password may be tried.
package enum LoginAdmission: Sendable {
    /// Too many failures.
    package enum Limit: String, Sendable {
        case user = "per_user"
        case address = "per_address"
    }

    case admitted(LoginAttempt)
    /// After so many seconds, at the earliest.
    case refused(retryAfter: Int64, by: Limit)
}

/// An attempt that was admitted, and counts as a failure until it is taken back.
package struct LoginAttempt: Sendable {
    let keys: LoginLimiter.Keys
    /// Whether something has failed from there lately.
    package let hasFailedBefore: Bool
}
