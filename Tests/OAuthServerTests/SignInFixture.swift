import Crypto
import JWT
import Locking

@testable import OAuthServer

/// A sign-in service over a memory store, with a clock that the test moves and passwords that cost nothing.
final class SignInFixture: Sendable {
    let store = MemoryAuthorizationStore(revocations: MemoryRevocationStore())
    let passwords = PlainPasswords()
    let audit = TestAudit()
    let clock = TestClock()
    let context = RequestContext(address: "192.0.2.1", requestID: "r1", userAgent: "Browser/1")
    private let count = Locked<UInt8>(0)
    private let limiter = LoginLimiter(
        perUser: FailureRate(count: 3, period: .seconds(60)),
        perAddress: FailureRate(count: 10, period: .seconds(60))
    )

    /// Knows alice with the password "wonderland", and mallory, who is disabled.
    init() async throws {
        for (name, isDisabled) in [("alice", false), ("mallory", true)] {
            let user = OAuthUser(name: name, passwordHash: "plain:wonderland", isDisabled: isDisabled, createdAt: 0)
            _ = await store.insertUser(user)
        }
    }

    var signIn: SignIn {
        SignIn(
            sessionLifetime: SessionLifetime(idle: 3600, absolute: 12 * 3600),
            store: store,
            passwords: passwords,
            limiter: limiter,
            audit: audit,
            browserKey: HMACKey(SecretBytes(copying: [1, 2, 3]), digest: .sha256),
            clock: { self.clock.now },
            random: { count in self.random(count) }
        )
    }

    func random(_ count: Int) -> [UInt8] {
        let value = self.count.withLock { value in
            value += 1
            return value
        }
        return Array(repeating: value, count: count)
    }

    /// Signs alice in.
    func start(_ change: (inout SignInForm) -> Void = { _ in }) async throws -> StartedSession {
        var form = SignInForm(name: "alice", password: "wonderland")
        change(&form)
        guard case .signedIn(let started) = try await signIn.signIn(form, context: context) else { throw Unexpected() }
        return started
    }

    struct Unexpected: Error {}
}

/// Passwords that are kept as they are, behind `plain:`.
final class PlainPasswords: PasswordChecking {
    struct Call: Equatable {
        let hash: String?
        let urgency: PasswordCheckUrgency
    }

    private let state = Locked<(isBusy: Bool, replacement: String?, calls: [Call])>((false, nil, []))
    private let interlude = Locked<(@Sendable () async -> Void)?>(nil)

    var calls: [Call] { state.withLock { $0.calls } }

    func beBusy() { state.withLock { $0.isBusy = true } }

    /// Does something after the next comparison, before its outcome is known.
    func afterChecking(_ work: @escaping @Sendable () async -> Void) { interlude.withLock { $0 = work } }

    func replace(with hash: String) { state.withLock { $0.replacement = hash } }

    func check(_ password: [UInt8], against hash: String?, urgency: PasswordCheckUrgency) async -> PasswordCheck {
        let outcome: PasswordCheck = state.withLock { state in
            state.calls.append(Call(hash: hash, urgency: urgency))
            if state.isBusy { return .busy }
            let isSame = hash == "plain:" + String(decoding: password, as: UTF8.self)
            return isSame ? .matches(replacement: state.replacement) : .differs
        }
        let work = interlude.withLock { work in
            defer { work = nil }
            return work
        }
        await work?()
        return outcome
    }

    func hash(_ password: [UInt8]) async -> String? {
        state.withLock { $0.isBusy ? nil : "plain:" + String(decoding: password, as: UTF8.self) }
    }
}
