import Testing

@testable import OAuthServer

/// What a presented refresh token is; every store decides by this.
struct RefreshDecisionTests {
    private let family = RefreshFamily(
        id: [1],
        grantID: "g",
        generation: 5,
        rotatedAt: 1000,
        idleExpiresAt: 2000,
        absoluteExpiresAt: 1900
    )

    private func presentation(_ generation: UInt32, at time: Int64, reuse: Int64 = 10) -> RefreshPresentation {
        RefreshPresentation(
            familyID: [1],
            generation: generation,
            time: time,
            reuseInterval: reuse,
            idleLifetime: 500,
            tokenExpiresAt: 0
        )
    }

    @Test func `the current token is good until the family ends`() {
        #expect(family.decision(about: presentation(5, at: 1899)) != .expired)
        #expect(family.decision(about: presentation(5, at: 1900)) == .expired)
    }

    @Test func `the token before counts within the reuse interval only`() {
        #expect(family.decision(about: presentation(4, at: 1009)) == .repeatSuccessor)
        #expect(family.decision(about: presentation(4, at: 1010)) == .revoke)
        #expect(family.decision(about: presentation(4, at: 1000, reuse: 0)) == .revoke)
    }

    @Test func `an older token is used up at any time`() {
        #expect(family.decision(about: presentation(3, at: 1000)) == .revoke)
        #expect(family.decision(about: presentation(0, at: 1000)) == .revoke)
    }

    @Test func `a generation that never was is unknown`() {
        #expect(family.decision(about: presentation(6, at: 1000)) == .unknown)
        #expect(family.decision(about: presentation(.max, at: 1000)) == .unknown)
    }

    @Test func `the last generation has no successor`() {
        var last = family
        last.generation = .max
        #expect(last.decision(about: presentation(.max, at: 1000)) == .expired)
    }

    @Test func `rotation never outlives the absolute end`() {
        for (time, end) in [(1100, 1600), (1800, 1900)] as [(Int64, Int64)] {
            var next = family
            next.generation = 6
            next.rotatedAt = time
            next.idleExpiresAt = end
            #expect(family.decision(about: presentation(5, at: time)) == .rotate(next))
        }
    }
}
