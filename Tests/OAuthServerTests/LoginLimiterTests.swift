import Testing

@testable import OAuthServer

@Suite struct LoginLimiterTests {
    private let limiter = LoginLimiter(
        perUser: FailureRate(count: 3, period: .seconds(60)),
        perAddress: FailureRate(count: 5, period: .seconds(60))
    )

    @Test func `failures of one user count from wherever they come`() {
        for address in 1...3 { #expect(fail("alice", "192.0.2.\(address)") == nil) }
        #expect(fail("alice", "192.0.2.9") == .init(20, .user))
        #expect(fail("bob", "192.0.2.9") == nil)
    }

    @Test func `failures from one address count whoever they are for`() {
        for user in 1...5 { #expect(fail("user\(user)", "192.0.2.1") == nil) }
        #expect(fail("user6", "192.0.2.1") == .init(12, .address))
        #expect(fail("user6", "192.0.2.2") == nil)
    }

    @Test func `the addresses of one IPv6 network are one`() {
        for host in 1...5 { #expect(fail("user\(host)", "2001:db8::\(host)") == nil) }
        #expect(fail("user6", "2001:db8::ffff") == .init(12, .address))
        #expect(fail("user6", "2001:db8:0:1::1") == nil)
    }

    @Test func `without an address only the user counts`() {
        for user in 1...20 { #expect(fail("user\(user)", "") == nil) }
    }

    @Test func `a refused attempt is not counted`() {
        for _ in 1...3 { _ = fail("alice", "192.0.2.1") }
        for _ in 1...100 { _ = fail("alice", "192.0.2.1") }
        #expect(fail("alice", "192.0.2.1", at: 19) == .init(1, .user))
        #expect(fail("alice", "192.0.2.1", at: 20) == nil)
    }

    @Test func `attempts at once count before any of them has failed`() throws {
        for _ in 1...3 { _ = try admit(LoginSubject(user: "alice", address: "192.0.2.1")) }
        #expect(fail("alice", "192.0.2.2") == .init(20, .user))
    }

    @Test func `what was right is not counted`() throws {
        for _ in 1...50 {
            let attempt = try admit(LoginSubject(user: "alice", address: "192.0.2.1"))
            limiter.takeBack(attempt, at: 0)
        }
        #expect(fail("alice", "192.0.2.1") == nil)
    }

    @Test func `a browser that is known is not locked out by others`() {
        for _ in 1...3 { _ = fail("alice", "192.0.2.1") }
        let known = LoginSubject(user: "alice", address: "192.0.2.2", evidence: .knownBrowser(id: "b1"))
        #expect(fail(known) == nil)
        // It has a bucket of its own, as big as an address's, wherever it goes.
        for address in 3...6 {
            var elsewhere = known
            elsewhere.address = "192.0.2.\(address)"
            #expect(fail(elsewhere) == nil)
        }
        #expect(fail(known) == .init(12, .address))
    }

    @Test func `the old password of a change has a bucket of its own`() {
        for _ in 1...3 { _ = fail("alice", "192.0.2.1") }
        let session = LoginSubject(user: "alice", address: "192.0.2.2", evidence: .session)
        for _ in 1...3 { #expect(fail(session) == nil) }
        #expect(fail(session) == .init(20, .user))
    }

    @Test func `an address that failed lately is suspect, and only for a while`() throws {
        let subject = LoginSubject(user: "alice", address: "192.0.2.1")
        #expect(try !admit(subject).hasFailedBefore)
        #expect(try admit(LoginSubject(user: "bob", address: "192.0.2.1")).hasFailedBefore)
        #expect(try !admit(LoginSubject(user: "bob", address: "192.0.2.2")).hasFailedBefore)
        #expect(try !admit(LoginSubject(user: "carol", address: "192.0.2.1"), at: 3600).hasFailedBefore)
    }

    @Test func `other rates count from when they are given`() {
        for _ in 1...3 { _ = fail("alice", "192.0.2.1") }
        limiter.use(perUser: nil, perAddress: nil)
        for _ in 1...100 { #expect(fail("alice", "192.0.2.1") == nil) }
        limiter.use(perUser: FailureRate(count: 1, period: .seconds(60)), perAddress: nil)
        _ = fail("bob", "192.0.2.1")
        #expect(fail("bob", "192.0.2.1") == .init(60, .user))
    }

    private struct Refusal: Equatable {
        let retryAfter: Int64
        let limit: LoginAdmission.Limit

        init(_ retryAfter: Int64, _ limit: LoginAdmission.Limit) {
            self.retryAfter = retryAfter
            self.limit = limit
        }
    }

    private func fail(_ user: String, _ address: String, at time: Int64 = 0) -> Refusal? {
        fail(LoginSubject(user: user, address: address), at: time)
    }

    /// An attempt that is not taken back; why it was refused, if it was.
    private func fail(_ subject: LoginSubject, at time: Int64 = 0) -> Refusal? {
        if case .refused(let retryAfter, let limit) = limiter.begin(subject, at: time) {
            Refusal(retryAfter, limit)
        } else {
            nil
        }
    }

    private func admit(_ subject: LoginSubject, at time: Int64 = 0) throws -> LoginAttempt {
        guard case .admitted(let attempt) = limiter.begin(subject, at: time) else { throw Unexpected() }
        return attempt
    }

    private struct Unexpected: Error {}
}
