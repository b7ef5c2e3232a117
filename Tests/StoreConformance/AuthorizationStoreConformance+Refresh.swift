import JWT
import OAuthServer

extension AuthorizationStoreConformance {
    /// Of family 1 where none is named; the reuse interval is ten seconds, the idle lifetime a thousand.
    static func presentation(
        _ family: UInt8 = 1,
        generation: UInt32,
        at unixTime: Int64,
        reuseInterval: Int64 = 10,
        tokenExpiresAt: Int64? = nil
    ) -> RefreshPresentation {
        RefreshPresentation(
            familyID: [UInt8](repeating: family, count: 16),
            generation: generation,
            time: unixTime,
            reuseInterval: reuseInterval,
            idleLifetime: 1000,
            tokenExpiresAt: tokenExpiresAt ?? unixTime + 600
        )
    }

    static let refreshTokens: [Check] = [
        Check("a refresh token is exchanged for its successor") { storage in
            try await redeem(grant("g"), family(1, of: "g"), in: storage)
            let outcome = try await storage.store.rotateRefreshToken(presentation(generation: 0, at: 200))
            guard case .rotated(let family, let grant) = outcome else { throw failure(outcome) }
            try expect(family.generation == 1 && family.rotatedAt == 200, "\(family)")
            try expect(family.idleExpiresAt == 1200 && family.absoluteExpiresAt == 9000, "\(family)")
            try expect(grant.lastUsedAt == 200 && grant.tokensExpireAt == 800, "\(grant)")
            let stored = try await storage.other.refreshFamily(family.id)
            try expect(stored?.family == family && stored?.grant == grant, "\(String(describing: stored))")
        },
        Check("in time, the token before gets the same successor again") { storage in
            try await redeem(grant("g"), family(1, of: "g"), in: storage)
            guard case .rotated(let first, _) = try await rotate(storage.store, 0, at: 200) else {
                throw ConformanceFailure(description: "it did not rotate")
            }
            for time: Int64 in [200, 205, 209] {
                let outcome = try await rotate(storage.other, 0, at: time)
                guard case .repeated(let family, let grant) = outcome else { throw failure(outcome) }
                try expect(family == first, "\(family)")
                try expect(grant.tokensExpireAt >= time + 600, "the new access token would outlive \(grant)")
                try expect(try await storage.store.grants(.id("g")) == [grant], "what is stored is another")
            }
        },
        Check("later, a used token ends the grant with everything that came from it") { storage in
            try await redeem(grant("g"), family(1, of: "g"), in: storage)
            _ = try await rotate(storage.store, 0, at: 200)
            let outcome = try await rotate(storage.other, 0, at: 210)
            guard case .reused(let grant, let revocation) = outcome else { throw failure(outcome) }
            try expect(grant.id == "g" && revocation.subject == .grant(id: "g"), "\(outcome)")
            try expect(revocation.expiresAt >= 800, "its last token outlives \(revocation)")
            try expect(try isRevoked("g", in: storage), "it is not in the list")
            try expect(try await storage.store.grants(.all).isEmpty, "the grant is there")
            for generation: UInt32 in 0...1 {
                let later = try await rotate(storage.store, generation, at: 211)
                try expect(later == .unknown, "generation \(generation) still is something: \(later)")
            }
        },
        Check("with no reuse interval the second use ends the grant in the same second") { storage in
            try await redeem(grant("g"), family(1, of: "g"), in: storage)
            for expectsReuse in [false, true] {
                let presented = presentation(generation: 0, at: 200, reuseInterval: 0)
                let outcome = try await storage.store.rotateRefreshToken(presented)
                let isReuse = if case .reused = outcome { true } else { false }
                try expect(isReuse == expectsReuse, "\(outcome)")
            }
        },
        Check("two generations back is too far, however soon") { storage in
            try await redeem(grant("g"), family(1, of: "g"), in: storage)
            for generation: UInt32 in 0...1 { _ = try await rotate(storage.store, generation, at: 200) }
            let outcome = try await rotate(storage.store, 0, at: 200)
            guard case .reused = outcome else { throw failure(outcome) }
        },
        Check("a token that was never made changes nothing") { storage in
            try await redeem(grant("g"), family(1, of: "g"), in: storage)
            for generation in [1, 2, UInt32.max] {
                let outcome = try await rotate(storage.store, generation, at: 200)
                try expect(outcome == .unknown, "\(generation): \(outcome)")
            }
            let stranger = try await storage.store.rotateRefreshToken(presentation(9, generation: 0, at: 200))
            try expect(stranger == .unknown, "\(stranger)")
            try expect(try await storage.store.refreshFamily(family(1, of: "g").id)?.family.generation == 0, "it moved")
        },
        Check("a family ends when it is idle for too long, and at its end in any case") { storage in
            let store = storage.store
            try await redeem(grant("g"), family(1, of: "g", absoluteExpiresAt: 1500), in: storage)
            try expect(try await rotate(store, 0, at: 1100) == .expired, "it was idle until 1100")
            guard case .rotated(let family, _) = try await rotate(store, 0, at: 1099) else {
                throw ConformanceFailure(description: "it ended too early")
            }
            try expect(family.idleExpiresAt == 1500, "its end moved: \(family)")
            try expect(try await rotate(store, 1, at: 1500) == .expired, "it was to end at 1500")
            try expect(try await rotate(store, 0, at: 1500) == .expired, "its end does not hold for used tokens")
        },
        Check("the time of use moves once a minute, that of the end with every token") { storage in
            try await redeem(grant("g"), family(1, of: "g"), in: storage)
            for (generation, time) in [(UInt32(0), Int64(130)), (1, 159), (2, 160), (3, 170)] {
                let outcome = try await rotate(storage.store, generation, at: time)
                guard case .rotated(_, let grant) = outcome else { throw failure(outcome) }
                try expect(grant.lastUsedAt == (time < 160 ? 100 : 160), "at \(time): \(grant)")
                try expect(grant.tokensExpireAt == max(700, time + 600), "at \(time): \(grant)")
            }
        },
    ]

    private static func rotate(
        _ store: any AuthorizationStore,
        _ generation: UInt32,
        at unixTime: Int64
    ) async throws -> RefreshRotation {
        try await store.rotateRefreshToken(presentation(generation: generation, at: unixTime))
    }

    private static func failure(_ outcome: RefreshRotation) -> ConformanceFailure {
        ConformanceFailure(description: "\(outcome)")
    }
}
