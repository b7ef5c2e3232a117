import JWT

extension SignIn {
    /// Gives the user of a session another password, which ends all their other sessions.
    ///
    /// The old password is asked for, and slowed down, as at log-in: a session may be in the wrong hands.
    /// - Throws: where the storage does not answer; the password may have changed.
    package func changePassword(
        of current: CurrentSession,
        from old: String,
        to new: String,
        context: RequestContext
    ) async throws(StoreError) -> PasswordChange {
        if let problem = PasswordRule.problem(with: new, userName: current.user.name) { return .unsuitable(problem) }
        let subject = LoginSubject(user: current.user.name, address: context.address, evidence: .session)
        let attempt: LoginAttempt
        switch limiter.begin(subject, at: clock()) {
        case .admitted(let admitted): attempt = admitted
        case .refused(let retryAfter, let limit):
            let event = AuditEvent(.loginThrottled, user: current.user.name, detail: limit.rawValue, context: context)
            audit.record(event)
            return .throttled(retryAfter: retryAfter)
        }
        switch await passwords.check(Array(old.utf8), against: current.user.passwordHash, urgency: .known) {
        case .busy:
            limiter.takeBack(attempt, at: clock())
            return .busy(retryAfter: Self.busyRetryAfter)
        case .differs:
            let detail = "wrong old password"
            audit.record(AuditEvent(.loginFailed, user: current.user.name, detail: detail, context: context))
            return .wrongPassword
        case .matches:
            limiter.takeBack(attempt, at: clock())
        }
        guard let hash = await passwords.hash(Array(new.utf8)) else {
            return .busy(retryAfter: Self.busyRetryAfter)
        }
        let wasSet = try await store.setPassword(
            ofUser: current.user.name,
            hash: hash,
            replacing: current.user.passwordHash,
            keepingSession: current.session.idHash
        )
        // The user was removed in the meantime, or somebody else has set another password.
        guard wasSet else { return .wrongPassword }
        audit.record(AuditEvent(.passwordChanged, user: current.user.name, context: context))
        return .changed
    }
}

/// What trying to change a password came to.
package enum PasswordChange: Sendable, Equatable {
    case changed
    /// The old password is another.
    case wrongPassword
    /// The new one can't be taken.
    case unsuitable(PasswordProblem)
    /// Too many have failed; seconds.
    case throttled(retryAfter: Int64)
    /// Too many passwords wait to be checked; seconds.
    case busy(retryAfter: Int64)
}

/// Why a new password can't be taken.
package enum PasswordProblem: Sendable, Equatable {
    /// In characters.
    case tooShort(minimum: Int)
    /// In bytes.
    case tooLong(maximum: Int)
    case sameAsUserName
}

/// What a new password must be like: long rather than intricate (NIST SP 800-63B §3.1.1.2).
package enum PasswordRule {
    /// The fewest characters.
    package static let minimumLength = 8
    /// The most bytes; a limit for the server's sake only.
    package static let maximumSize = 1024

    /// What is wrong with a new password; nil: nothing.
    package static func problem(with password: String, userName: String) -> PasswordProblem? {
        if password.unicodeScalars.count < minimumLength { return .tooShort(minimum: minimumLength) }
        if password.utf8.count > maximumSize { return .tooLong(maximum: maximumSize) }
        return password.lowercased() == userName.lowercased() ? .sameAsUserName : nil
    }
}
