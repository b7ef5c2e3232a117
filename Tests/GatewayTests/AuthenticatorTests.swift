import Bytes
import Crypto
import HTTP
import JSON
import JWT
import Testing

@testable import Gateway

@Suite struct AuthenticatorTests {
    private let now: Int64 = 1_700_000_000
    private let keys = TestKeys()

    @Test func `a good token speaks for its user, again and again`() throws {
        let authenticator = authenticator()
        let token = try keys.token(expiresAt: now + 60)
        let first = try authenticator.authenticate(head(token), at: now)
        let again = try authenticator.authenticate(head(token), at: now + 1)
        #expect(first?.token.userName == "alice")
        #expect(first === again)
    }

    @Test func `no credentials are nobody's`() throws {
        #expect(try authenticator().authenticate(requestHead("GET / HTTP/1.1"), at: now) == nil)
        let basic = try requestHead("GET / HTTP/1.1", "Authorization: Basic YTpi")
        #expect(try authenticator().authenticate(basic, at: now) == nil)
    }

    @Test(arguments: ["x", "a.b.c", "..", "=", "\u{E9}", "e30.e30.e30"])
    func `what is no token is malformed`(token: String) throws {
        let error = try #require(throws: AuthenticationError.self) {
            try authenticator().authenticate(head(token), at: now)
        }
        guard case .refused(.malformed) = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test func `a remembered token still expires, to the second`() throws {
        let authenticator = authenticator()
        let token = try keys.token(expiresAt: now + 60)
        // Our own tokens have five seconds of grace.
        for time in [now, now + 60, now + 64] { _ = try authenticator.authenticate(head(token), at: time) }
        #expect(throws: AuthenticationError.refused(.expired(secondsAgo: 5))) {
            try authenticator.authenticate(head(token), at: now + 65)
        }
        #expect(try authenticator.authenticate(head(token), at: now + 64) != nil)
    }

    @Test func `a revocation counts from the next request on`() throws {
        let authenticator = authenticator()
        let revoked = try keys.token(expiresAt: now + 60, tokenID: "t1")
        let other = try keys.token(expiresAt: now + 60, tokenID: "t2")
        let principal = try #require(try authenticator.authenticate(head(revoked), at: now))
        _ = try authenticator.authenticate(head(other), at: now)
        let subject = Revocation.Subject.token(issuer: ownIssuer, id: "t1")
        authenticator.update(revocations: RevocationList([Revocation(subject, expiresAt: now + 60)]))
        #expect(!authenticator.isStillGood(principal, at: now))
        for _ in 0..<2 {
            #expect(throws: AuthenticationError.refused(.revoked)) {
                try authenticator.authenticate(head(revoked), at: now)
            }
            #expect(try authenticator.authenticate(head(other), at: now) != nil)
        }
        authenticator.update(revocations: RevocationList())
        #expect(try authenticator.authenticate(head(revoked), at: now) != nil)
    }

    @Test func `a revoked grant ends all its tokens`() throws {
        let authenticator = authenticator()
        let tokens = try ["t1", "t2"].map { try keys.token(expiresAt: now + 60, tokenID: $0) }
        for token in tokens { _ = try authenticator.authenticate(head(token), at: now) }
        authenticator.update(revocations: RevocationList([Revocation(.grant(id: "g1"), expiresAt: now + 60)]))
        for token in tokens {
            #expect(throws: AuthenticationError.refused(.revoked)) {
                try authenticator.authenticate(head(token), at: now)
            }
        }
    }

    @Test func `a removed key ends its tokens`() throws {
        let authenticator = authenticator()
        let token = try keys.token(expiresAt: now + 60)
        let principal = try #require(try authenticator.authenticate(head(token), at: now))
        authenticator.update(verifier: keys.verifier)
        #expect(authenticator.isStillGood(principal, at: now))
        authenticator.update(verifier: TestKeys(keyID: "k2").verifier)
        #expect(!authenticator.isStillGood(principal, at: now))
        #expect(throws: AuthenticationError.refused(.unknownKey)) {
            try authenticator.authenticate(head(token), at: now)
        }
    }

    @Test func `a stream may go on until its token ends`() throws {
        let authenticator = authenticator()
        let principal = try #require(
            try authenticator.authenticate(head(keys.token(expiresAt: now + 60)), at: now)
        )
        #expect(authenticator.isStillGood(principal, at: now + 64))
        #expect(!authenticator.isStillGood(principal, at: now + 65))
    }

    @Test(arguments: [
        (RouteAccess.public, "bad", true), (.optional, "none", true), (.optional, "basic", true),
        (.optional, "bad", false),
        (.authenticated, "none", false), (.authenticated, "basic", false), (.authenticated, "good", true),
        (.scopes(all: ["notes:read"], any: []), "good", true), (.scopes(all: ["notes:all"], any: []), "good", false),
        (.deny, "good", false), (.deny, "none", false), (.optional, "good", true), (.authenticated, "twice", false),
        (.optional, "twice", false),
    ])
    func `a route lets in whom it says`(access: RouteAccess, credentials: String, admitted: Bool) throws {
        let snapshot = try GatewaySnapshot(.test([.test("/**", access)]))
        let good = try keys.token(expiresAt: now + 60)
        let lines: [String: String] = [
            "none": "X: y", "basic": "Authorization: Basic YTpi", "bad": "Authorization: Bearer bad",
            "good": "Authorization: Bearer \(good)", "twice": "Authorization: Bearer \(good) \(good)",
        ]
        let head = try requestHead("GET / HTTP/1.1", lines[credentials] ?? "")
        let route = snapshot.router.table.routes[0]
        if admitted {
            let principal = try authenticator().admit(head, to: route, at: now)
            #expect((principal != nil) == (credentials == "good"))
        } else {
            #expect(throws: GatewayFailure.self) { try authenticator().admit(head, to: route, at: now) }
        }
    }

    private func authenticator() -> Authenticator {
        Authenticator(
            verifier: keys.verifier,
            vocabulary: AccessVocabulary(.test([])),
            revocations: RevocationList(),
            capacity: 16,
            byteLimit: 1 << 20
        )
    }

    private func head(_ token: String) throws -> RequestHead {
        try requestHead("GET / HTTP/1.1", "Authorization: Bearer \(token)")
    }
}
