import Testing

@testable import OAuthServer

@Suite struct SignInPasswordTests {
    private let fixture: SignInFixture

    init() async throws { fixture = try await SignInFixture() }

    @Test func `the new password counts from now on, and other sessions have ended`() async throws {
        let (other, own) = (try await fixture.start(), try await fixture.start())
        #expect(try await change(own, from: "wonderland", to: "looking glass") == .changed)
        #expect(try await fixture.signIn.current(other.cookie) == .none)
        guard case .active = try await fixture.signIn.current(own.cookie) else {
            Issue.record("the own session has ended")
            return
        }
        #expect(fixture.audit.events.last?.kind == .passwordChanged)
        _ = try await fixture.start { $0.password = "looking glass" }
        await #expect(throws: SignInFixture.Unexpected.self) { try await fixture.start() }
    }

    @Test func `of two changes at once one wins, and the other is told that its old password is none`() async throws {
        let (thief, owner) = (try await fixture.start(), try await fixture.start())
        fixture.passwords.afterChecking { [self] in
            let change = try? await change(owner, from: "wonderland", to: "looking glass")
            #expect(change == .changed)
        }
        #expect(try await change(thief, from: "wonderland", to: "mine from now on") == .wrongPassword)
        #expect(await fixture.store.user("alice")?.passwordHash == "plain:looking glass")
    }

    @Test func `whoever does not know the old password changes nothing, and is slowed down`() async throws {
        let own = try await fixture.start()
        for _ in 1...3 { #expect(try await change(own, from: "guess", to: "looking glass") == .wrongPassword) }
        #expect(try await change(own, from: "wonderland", to: "looking glass") == .throttled(retryAfter: 20))
        #expect(await fixture.store.user("alice")?.passwordHash == "plain:wonderland")
        // Which does not keep the user from signing in elsewhere.
        _ = try await fixture.start()
    }

    @Test(arguments: [
        ("", PasswordProblem.tooShort(minimum: 8)),
        ("1234567", .tooShort(minimum: 8)),
        ("ééééééé", .tooShort(minimum: 8)),
        (String(repeating: "x", count: 1025), .tooLong(maximum: 1024)),
    ])
    func `an unsuitable password is refused`(password: String, problem: PasswordProblem) async throws {
        let own = try await fixture.start()
        #expect(try await change(own, from: "wonderland", to: password) == .unsuitable(problem))
    }

    @Test func `a password that is the user's name is refused`() {
        #expect(PasswordRule.problem(with: "Wilhelmina", userName: "wilhelmina") == .sameAsUserName)
        #expect(PasswordRule.problem(with: "Wilhelmina8", userName: "wilhelmina") == nil)
    }

    @Test func `where too much waits it says so`() async throws {
        let own = try await fixture.start()
        fixture.passwords.beBusy()
        guard case .busy = try await change(own, from: "wonderland", to: "looking glass") else {
            Issue.record("not busy")
            return
        }
    }

    private func change(_ session: StartedSession, from old: String, to new: String) async throws -> PasswordChange {
        try await fixture.signIn.changePassword(of: session.current, from: old, to: new, context: fixture.context)
    }
}
