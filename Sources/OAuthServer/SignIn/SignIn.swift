import Bytes
import Crypto
import JWT

/// Signs people in and out, without HTTP: cookies are values here.
///
/// It has no state but the store's and the limiter's, so a reload makes a new one with the same limiter.
package struct SignIn: Sendable {
    package let sessionLifetime: SessionLifetime
    let store: any AuthorizationStore
    let passwords: any PasswordChecking
    let limiter: LoginLimiter
    let audit: any AuditSink
    let browsers: KnownBrowsers
    /// The time in seconds since 1970.
    let clock: @Sendable () -> Int64
    /// That many random bytes.
    let random: @Sendable (Int) -> [UInt8]

    /// - Parameter limiter: the one of this process.
    /// - Parameter browserKey: authenticates the cookies by which browsers are known again.
    package init(
        sessionLifetime: SessionLifetime,
        store: any AuthorizationStore,
        passwords: any PasswordChecking,
        limiter: LoginLimiter,
        audit: any AuditSink,
        browserKey: HMACKey,
        clock: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable (Int) -> [UInt8] = SecureRandom.bytes(count:)
    ) {
        self.sessionLifetime = sessionLifetime
        self.store = store
        self.passwords = passwords
        self.limiter = limiter
        self.audit = audit
        browsers = KnownBrowsers(key: browserKey)
        self.clock = clock
        self.random = random
    }

    /// Signs a user in with a password.
    ///
    /// A user who is unknown, disabled or has another password gets the same answer after the same time.
    /// - Throws: where the storage does not answer; that says nothing about the password.
    package func signIn(
        _ form: SignInForm,
        context: RequestContext
    ) async throws(StoreError) -> SignInOutcome {
        let browser = browsers.id(in: form.browserCookie, for: form.name)
        let subject = LoginSubject(
            user: form.name,
            address: context.address,
            evidence: browser.map { .knownBrowser(id: $0) } ?? .none
        )
        let attempt: LoginAttempt
        switch limiter.begin(subject, at: clock()) {
        case .admitted(let admitted): attempt = admitted
        case .refused(let retryAfter, let limit):
            await recordThrottling(of: form.name, by: limit, context)
            return .throttled(retryAfter: retryAfter)
        }
        let user: OAuthUser?
        let check: PasswordCheck
        do throws(StoreError) {
            user = try await store.user(form.name)
            let urgency: PasswordCheckUrgency = browser != nil ? .known : attempt.hasFailedBefore ? .suspect : .unknown
            check = await passwords.check(Array(form.password.utf8), against: user?.passwordHash, urgency: urgency)
        } catch {
            limiter.takeBack(attempt, at: clock())
            throw error
        }
        return try await answer(form, user, check, attempt, context)
    }

    private func answer(
        _ form: SignInForm,
        _ user: OAuthUser?,
        _ check: PasswordCheck,
        _ attempt: LoginAttempt,
        _ context: RequestContext
    ) async throws(StoreError) -> SignInOutcome {
        switch (check, user) {
        case (.busy, _):
            limiter.takeBack(attempt, at: clock())
            return .busy(retryAfter: Self.busyRetryAfter)
        case (.matches(let replacement), let user?) where !user.isDisabled:
            limiter.takeBack(attempt, at: clock())
            // Another password, or a newer hash of this one, was stored meanwhile: the next try tells which.
            guard let started = try await begin(for: user, form, context) else {
                return .busy(retryAfter: Self.busyRetryAfter)
            }
            await replaceHash(of: user, with: replacement)
            return .signedIn(started)
        case (_, let user):
            let detail = user.map { $0.isDisabled ? "disabled user" : "wrong password" } ?? "unknown user"
            // What was typed is kept only where it is a name: people type passwords into the wrong field.
            audit.record(AuditEvent(.loginFailed, user: user?.name, detail: detail, context: context))
            return .failed
        }
    }

    private func recordThrottling(of name: String, by limit: LoginAdmission.Limit, _ context: RequestContext) async {
        let user = try? await store.user(name)
        audit.record(AuditEvent(.loginThrottled, user: user?.name, detail: limit.rawValue, context: context))
    }

    /// The next log-in tries again where this fails.
    private func replaceHash(of user: OAuthUser, with replacement: String?) async {
        guard let replacement else { return }
        try? await store.upgradePasswordHash(ofUser: user.name, from: user.passwordHash, to: replacement)
    }

    /// Begins a session with a new secret: one that somebody planted in the browser before is worth nothing.
    ///
    /// Nil where what was checked does not hold any more.
    private func begin(
        for user: OAuthUser,
        _ form: SignInForm,
        _ context: RequestContext
    ) async throws(StoreError) -> StartedSession? {
        let now = clock()
        let secret = random(Self.secretSize)
        let session = BrowserSession(
            idHash: Digest.sha256(secret),
            userName: user.name,
            authenticatedAt: now,
            createdAt: now,
            userAgent: String(String.UnicodeScalarView(context.userAgent.unicodeScalars.prefix(200)))
        )
        guard try await store.insertSession(session, afterChecking: user.passwordHash) else { return nil }
        if let previous = form.sessionCookie.flatMap(idHash(ofCookie:)) {
            _ = try? await store.removeSession(previous, ofUser: nil)
        }
        audit.record(AuditEvent(.login, user: user.name, context: context))
        return StartedSession(
            current: CurrentSession(user: user, session: session),
            cookie: Base64URL.encode(secret),
            browserCookie: browsers.cookie(form.browserCookie, adding: user.name, id: random(KnownBrowsers.idSize))
        )
    }

    /// The id hash for a session cookie's value; nil for a text that is none of ours.
    func idHash(ofCookie cookie: String) -> [UInt8]? {
        guard let secret = Base64URL.decode(cookie), secret.count == Self.secretSize else { return nil }
        return Digest.sha256(secret)
    }

    private static let secretSize = 32
    // Seconds: the line before the hashing threads is a few of them long.
    static let busyRetryAfter: Int64 = 3
}

/// What somebody sent to sign in.
package struct SignInForm: Sendable {
    package var name: String
    package var password: String
    /// The session that the browser has now; it ends.
    package var sessionCookie: String?
    /// What was in the cookie by which the browser is known again.
    package var browserCookie: String?

    package init(name: String, password: String, sessionCookie: String? = nil, browserCookie: String? = nil) {
        self.name = name
        self.password = password
        self.sessionCookie = sessionCookie
        self.browserCookie = browserCookie
    }
}

/// What trying to sign in came to.
package enum SignInOutcome: Sendable {
    case signedIn(StartedSession)
    /// Name and password don't belong together, or the user is disabled: nobody is told which.
    case failed
    /// Too many have failed; seconds.
    case throttled(retryAfter: Int64)
    /// Too many passwords wait to be checked; seconds.
    case busy(retryAfter: Int64)
}

/// A session that has just begun.
package struct StartedSession: Sendable {
    package let current: CurrentSession
    /// The session cookie's value: the only copy of the secret.
    package let cookie: String
    /// The value of the cookie by which the browser is known again; to be kept for a year or so.
    package let browserCookie: String
}
