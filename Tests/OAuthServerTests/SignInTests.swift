import Bytes
import Crypto
import Testing

@testable import OAuthServer

@Suite struct SignInTests {
    private let fixture: SignInFixture

    init() async throws { fixture = try await SignInFixture() }

    @Test func `a name and its password begin a session, stored by hash only`() async throws {
        let started = try await fixture.start()
        let secret = try #require(Base64URL.decode(started.cookie))
        #expect(secret.count == 32)
        let stored = await fixture.store.session(Digest.sha256(secret))
        #expect(stored == started.current.session)
        #expect(stored?.userName == "alice")
        #expect(stored?.userAgent == "Browser/1")
        #expect(started.current.signedInUser.authenticatedAt == fixture.clock.now)
        #expect(
            fixture.audit.events == [AuditEvent(.login, user: "alice", context: fixture.context)]
        )
    }

    @Test func `an unknown, a disabled and a mistaken user get one answer, after one comparison each`() async throws {
        for (name, password) in [("nobody", "wonderland"), ("mallory", "wonderland"), ("alice", "wrong")] {
            #expect(try await isFailed(name, password))
        }
        #expect(fixture.passwords.calls.map(\.hash) == [nil, "plain:wonderland", "plain:wonderland"])
        #expect(await fixture.store.sessions(ofUser: "mallory").isEmpty)
        #expect(fixture.audit.kinds == [.loginFailed, .loginFailed, .loginFailed])
        #expect(fixture.audit.events.map(\.detail) == ["unknown user", "disabled user", "wrong password"])
    }

    @Test func `a password that is changed while it is compared begins no session`() async throws {
        let owner = try await fixture.start()
        fixture.passwords.afterChecking { [fixture] in
            let change = try? await fixture.signIn.changePassword(
                of: owner.current,
                from: "wonderland",
                to: "looking glass",
                context: fixture.context
            )
            #expect(change == .changed)
        }
        let form = SignInForm(name: "alice", password: "wonderland")
        guard case .busy = try await fixture.signIn.signIn(form, context: fixture.context) else {
            Issue.record("the old password was good")
            return
        }
        #expect(await fixture.store.sessions(ofUser: "alice") == [owner.current.session])
        #expect(try await isFailed("alice", "wonderland"))
    }

    @Test func `what a browser calls itself is kept as far as it is short`() async throws {
        var context = fixture.context
        context.userAgent = "e" + String(repeating: "\u{301}", count: 5000)
        let form = SignInForm(name: "alice", password: "wonderland")
        guard case .signedIn(let started) = try await fixture.signIn.signIn(form, context: context) else {
            throw SignInFixture.Unexpected()
        }
        #expect(started.current.session.userAgent.unicodeScalars.count == 200)
    }

    @Test func `a name that nobody has is not recorded: it may be a password`() async throws {
        _ = try await isFailed("hunter2", "wonderland")
        #expect(fixture.audit.events.map(\.user) == [nil])
        _ = try await isFailed("alice", "hunter2")
        #expect(fixture.audit.events.last?.user == "alice")
        #expect(!"\(fixture.audit.events)".contains("hunter2"))
    }

    @Test func `too many failures are refused before the password is looked at, even the right one`() async throws {
        for _ in 1...3 { #expect(try await isFailed("alice", "wrong")) }
        let looked = fixture.passwords.calls.count
        #expect(try await throttled("alice", "wonderland") == 20)
        #expect(fixture.passwords.calls.count == looked)
        #expect(fixture.audit.events.last?.kind == .loginThrottled)
        #expect(fixture.audit.events.last?.detail == "per_user")
        fixture.clock.advance(by: 20)
        _ = try await fixture.start()
    }

    @Test func `a name that nobody has is slowed down as any other`() async throws {
        for _ in 1...3 { #expect(try await isFailed("nobody", "wrong")) }
        #expect(try await throttled("nobody", "wrong") == 20)
        #expect(fixture.audit.events.last?.user == nil)
    }

    @Test func `success is never slowed down`() async throws {
        for _ in 1...50 { _ = try await fixture.start() }
    }

    @Test func `a browser in which the user has signed in before still gets in when the name is locked`() async throws {
        let cookie = try await fixture.start().browserCookie
        for _ in 1...3 { #expect(try await isFailed("alice", "wrong")) }
        #expect(try await throttled("alice", "wonderland") == 20)
        let again = try await fixture.start { $0.browserCookie = cookie }
        // The same browser keeps its entry.
        #expect(again.browserCookie == cookie)
        #expect(fixture.passwords.calls.last?.urgency == .known)
        #expect(try await throttled("bob", "wonderland", browserCookie: cookie) == nil)
    }

    @Test func `who has failed lately waits behind who has not`() async throws {
        _ = try await fixture.start()
        #expect(fixture.passwords.calls.last?.urgency == .unknown)
        _ = try await isFailed("alice", "wrong")
        _ = try await fixture.start()
        #expect(fixture.passwords.calls.last?.urgency == .suspect)
    }

    @Test func `where too much waits it says so, and nothing counts as a failure`() async throws {
        fixture.passwords.beBusy()
        for _ in 1...20 {
            let form = SignInForm(name: "alice", password: "wonderland")
            guard case .busy(let retryAfter) = try await fixture.signIn.signIn(form, context: fixture.context) else {
                Issue.record("not busy")
                continue
            }
            #expect(retryAfter > 0)
        }
        #expect(fixture.audit.events.isEmpty)
    }

    @Test func `signing in ends the session that the browser had, whoever made it`() async throws {
        let first = try await fixture.start()
        let second = try await fixture.start { $0.sessionCookie = first.cookie }
        #expect(second.cookie != first.cookie)
        #expect(await fixture.store.session(first.current.session.idHash) == nil)
        #expect(await fixture.store.session(second.current.session.idHash) != nil)
    }

    @Test func `a session cookie that somebody planted is not taken on`() async throws {
        let planted = Base64URL.encode(Array(repeating: 0x55, count: 32))
        let started = try await fixture.start { $0.sessionCookie = planted }
        #expect(started.cookie != planted)
        #expect(try await fixture.signIn.current(planted) == .none)
    }

    @Test func `a hash with old parameters is replaced at log-in`() async throws {
        fixture.passwords.replace(with: "plain2:wonderland")
        _ = try await fixture.start()
        #expect(await fixture.store.user("alice")?.passwordHash == "plain2:wonderland")
    }

    private func isFailed(_ name: String, _ password: String) async throws -> Bool {
        let form = SignInForm(name: name, password: password)
        if case .failed = try await fixture.signIn.signIn(form, context: fixture.context) { return true }
        return false
    }

    private func throttled(_ name: String, _ password: String, browserCookie: String? = nil) async throws -> Int64? {
        let form = SignInForm(name: name, password: password, browserCookie: browserCookie)
        let outcome = try await fixture.signIn.signIn(form, context: fixture.context)
        if case .throttled(let retryAfter) = outcome { return retryAfter }
        return nil
    }
}
