import Bytes
import Testing

@testable import OAuthServer

@Suite struct SignInSessionTests {
    private let fixture: SignInFixture

    init() async throws { fixture = try await SignInFixture() }

    @Test func `the cookie of a session says who is signed in`() async throws {
        let started = try await fixture.start()
        #expect(try await fixture.signIn.current(started.cookie) == .active(started.current))
    }

    @Test(arguments: [
        nil, "", "abc", "====", String(repeating: "A", count: 43), String(repeating: "A", count: 44),
        String(repeating: "A", count: 100_000), "é",
    ])
    func `a cookie that stands for no session is none`(cookie: String?) async throws {
        #expect(try await fixture.signIn.current(cookie) == .none)
    }

    @Test func `a session ends when it has not been used for too long, and is gone then`() async throws {
        let started = try await fixture.start()
        fixture.clock.advance(by: 3600 + 60)
        #expect(try await fixture.signIn.current(started.cookie) == .expired(userName: "alice"))
        #expect(try await fixture.signIn.current(started.cookie) == .none)
    }

    @Test func `use keeps a session alive, but not beyond its absolute lifetime`() async throws {
        let started = try await fixture.start()
        for _ in 0..<23 {
            fixture.clock.advance(by: 1800)
            guard case .active = try await fixture.signIn.current(started.cookie) else {
                Issue.record("ended too soon")
                return
            }
        }
        fixture.clock.advance(by: 1800)
        #expect(try await fixture.signIn.current(started.cookie) == .expired(userName: "alice"))
    }

    @Test func `use is noted at most once a minute`() async throws {
        let started = try await fixture.start()
        let begin = fixture.clock.now
        for (wait, noted) in [(59, 0), (1, 60), (59, 60), (2, 121)] as [(Int64, Int64)] {
            fixture.clock.advance(by: wait)
            _ = try await fixture.signIn.current(started.cookie)
            #expect(await fixture.store.session(started.current.session.idHash)?.lastSeenAt == begin + noted)
        }
    }

    @Test func `a disabled or removed user is not signed in any more`() async throws {
        let started = try await fixture.start()
        _ = try await fixture.store.setDisabled(true, user: "alice", at: fixture.clock.now)
        #expect(try await fixture.signIn.current(started.cookie) == .none)
        _ = try await fixture.store.setDisabled(false, user: "alice", at: fixture.clock.now)
        #expect(try await fixture.signIn.current(started.cookie) == .none)
    }

    @Test func `signing out ends this session only`() async throws {
        let (first, second) = (try await fixture.start(), try await fixture.start())
        try await fixture.signIn.signOut(first.cookie, context: fixture.context)
        #expect(try await fixture.signIn.current(first.cookie) == .none)
        #expect(try await fixture.signIn.current(second.cookie) == .active(second.current))
        #expect(fixture.audit.events.last == AuditEvent(.logout, user: "alice", context: fixture.context))
        let recorded = fixture.audit.events.count
        try await fixture.signIn.signOut(first.cookie, context: fixture.context)
        #expect(fixture.audit.events.count == recorded)
    }

    @Test func `a user sees the sessions that count, and can end them`() async throws {
        _ = try await fixture.start()
        fixture.clock.advance(by: 3000)
        let (other, own) = (try await fixture.start(), try await fixture.start())
        fixture.clock.advance(by: 1000)
        let ids = try await fixture.signIn.sessions(of: own.current).map(\.idHash)
        #expect(Set(ids) == [other.current.session.idHash, own.current.session.idHash])
        let end = { (id: [UInt8]) in
            try await fixture.signIn.end(session: id, by: own.current, context: fixture.context)
        }
        #expect(try await end(other.current.session.idHash))
        #expect(try await !end(other.current.session.idHash))
        #expect(try await fixture.signIn.current(other.cookie) == .none)
        #expect(fixture.audit.events.last?.kind == .sessionEnded)
    }

    @Test func `nobody ends the session of another user`() async throws {
        let alice = try await fixture.start()
        let bob = OAuthUser(name: "bob", passwordHash: "plain:builder1", createdAt: 0)
        _ = await fixture.store.insertUser(bob)
        let current = try await fixture.start { $0 = SignInForm(name: "bob", password: "builder1") }.current
        #expect(
            try await !fixture.signIn.end(
                session: alice.current.session.idHash,
                by: current,
                context: fixture.context
            )
        )
        #expect(try await fixture.signIn.current(alice.cookie) == .active(alice.current))
    }
}
