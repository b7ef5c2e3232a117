import JSON
import Testing

@testable import JWT

@Suite struct RevocationListTests {
    static func token(
        id: String? = "t1",
        grant: String? = "g1",
        isOwn: Bool = true,
        issuer: String = "i"
    ) -> VerifiedToken {
        VerifiedToken(
            issuer: issuer,
            issuerIndex: 0,
            isOwn: isOwn,
            subject: "alice",
            userName: "alice",
            clientID: "app",
            scopes: [],
            audiences: [],
            expiresAt: 100,
            tokenID: id,
            grantID: grant,
            keyID: "k",
            claims: JSONNode(value: .object([]), position: JSONPosition(offset: 0, line: 1, column: 1))
        )
    }

    @Test func `a token is revoked by its issuer and id`() {
        let list = RevocationList([Revocation(.token(issuer: "i", id: "t1"), expiresAt: 100)])
        #expect(list.contains(Self.token()))
        #expect(!list.contains(Self.token(id: "t2")))
        #expect(!list.contains(Self.token(id: nil)))
        #expect(!list.contains(Self.token(issuer: "other")))
        #expect(!RevocationList().contains(Self.token()))
    }

    @Test func `a grant takes all its tokens with it, but no token of another issuer`() {
        let list = RevocationList([Revocation(.grant(id: "g1"), expiresAt: 100)])
        #expect(list.contains(Self.token(id: "t7")))
        #expect(!list.contains(Self.token(grant: "g2")))
        #expect(!list.contains(Self.token(grant: nil)))
        #expect(!list.contains(Self.token(isOwn: false)))
    }

    @Test func `an entry stays until the last second of its tokens`() {
        var list = RevocationList([Revocation(.grant(id: "g1"), expiresAt: 100)])
        list.prune(at: 100)
        #expect(list.count == 1)
        list.prune(at: 101)
        #expect(list.isEmpty)
    }

    @Test func `revoking again never shortens`() {
        var list = RevocationList([Revocation(.grant(id: "g1"), expiresAt: 100)])
        list.insert(Revocation(.grant(id: "g1"), expiresAt: 50))
        list.prune(at: 100)
        #expect(list.revocations == [Revocation(.grant(id: "g1"), expiresAt: 100)])
    }
}
