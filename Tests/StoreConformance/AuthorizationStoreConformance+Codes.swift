import OAuthServer

extension AuthorizationStoreConformance {
    static let codes: [Check] = [
        Check("a code comes back as it was put in, until it expires") { storage in
            var bare = code(2)
            (bare.nonce, bare.codeChallenge, bare.redirectURIWasSent, bare.scopes) = (nil, nil, false, [])
            for code in [code(1), bare] {
                try await storage.store.insertAuthorizationCode(code)
                let found = try await storage.other.authorizationCode(code.hash, at: 159)
                try expect(found == code, "\(String(describing: found))")
                try expect(try await storage.store.authorizationCode(code.hash, at: 160) == nil, "it has not expired")
            }
            try expect(try await storage.store.authorizationCode(code(3).hash, at: 100) == nil, "nobody added it")
        },
        Check("a code is good once, and its grant and family are there then") { storage in
            let store = storage.store
            try await redeem(grant("g"), family(1, of: "g"), in: storage)
            let found = try await storage.other.refreshFamily(family(1, of: "g").id)
            try expect(found?.family == family(1, of: "g"), "\(String(describing: found))")
            try expect(found?.grant == grant("g"), "\(String(describing: found))")
            let second = try await storage.other.redeemAuthorizationCode(
                code(1).hash,
                for: grant("h"),
                family: family(2, of: "h"),
                at: 101
            )
            try expect(second == .alreadyUsed(grantID: "g"), "\(second)")
            try expect(try await store.grants(.all) == [grant("g")], "the second left a grant")
            try expect(try await store.refreshFamily(family(2, of: "h").id) == nil, "the second left a family")
        },
        Check("a code without a refresh token leaves a grant alone") { storage in
            try await redeem(grant("g"), nil, in: storage)
            try expect(try await storage.store.grants(.id("g")) == [grant("g")], "the grant")
        },
        Check("an expired code is unknown, and a used one is known as used even then") { storage in
            let store = storage.store
            try await redeem(grant("g"), nil, in: storage)
            try await store.insertAuthorizationCode(code(2))
            let late = try await store.redeemAuthorizationCode(code(2).hash, for: grant("h"), family: nil, at: 160)
            try expect(late == .unknown, "\(late)")
            let replayed = try await store.redeemAuthorizationCode(code(1).hash, for: grant("h"), family: nil, at: 700)
            try expect(replayed == .alreadyUsed(grantID: "g"), "\(replayed)")
            try expect(try await store.authorizationCode(code(1).hash, at: 700) == code(1), "a used one is not found")
            let unknown = try await store.redeemAuthorizationCode(code(3).hash, for: grant("h"), family: nil, at: 100)
            try expect(unknown == .unknown, "\(unknown)")
            try expect(try await store.grants(.all).map(\.id) == ["g"], "there are others")
        },
    ]

    static let concurrency: [Check] = [
        Check("of 64 at once that use a code, one gets it") { storage in
            _ = try await storage.store.insertUser(user("ada"))
            for round in 0..<8 {
                let presented = code(UInt8(round))
                try await storage.store.insertAuthorizationCode(presented)
                let outcomes = try await atOnce { caller in
                    try await (caller.isMultiple(of: 2) ? storage.store : storage.other).redeemAuthorizationCode(
                        presented.hash,
                        for: grant("\(round)-\(caller)"),
                        family: nil,
                        at: 100
                    )
                }
                let winners = try await storage.store.grants(.all).map(\.id).filter { $0.hasPrefix("\(round)-") }
                try expect(winners.count == 1, "\(winners)")
                try expect(outcomes.count { $0 == .redeemed(ended: []) } == 1, "\(outcomes)")
                let losers = outcomes.count { $0 == .alreadyUsed(grantID: winners[0]) }
                try expect(losers == 63, "\(outcomes)")
            }
        },
        Check("64 at once that present a refresh token get one and the same successor") { storage in
            try await redeem(grant("g"), family(1, of: "g"), in: storage)
            for generation: UInt32 in 0..<8 {
                let outcomes = try await atOnce { caller in
                    try await (caller.isMultiple(of: 2) ? storage.store : storage.other).rotateRefreshToken(
                        presentation(generation: generation, at: 110)
                    )
                }
                let successors = outcomes.compactMap { outcome in
                    switch outcome {
                    case .rotated(let family, _), .repeated(let family, _): family.generation
                    default: nil
                    }
                }
                try expect(successors == Array(repeating: generation + 1, count: 64), "\(outcomes)")
                let rotations = outcomes.count { if case .rotated = $0 { true } else { false } }
                try expect(rotations == 1, "it rotated \(rotations) times")
            }
        },
        Check("of 64 at once that take an id, one gets it") { storage in
            let outcomes = try await atOnce { caller in
                try await (caller.isMultiple(of: 2) ? storage.store : storage.other).insertClient(client("a"))
            }
            try expect(outcomes.count { $0 } == 1, "\(outcomes)")
        },
        Check("64 at once that ask for a client's own grant get the same") { storage in
            let ids = try await atOnce { caller in
                let store = caller.isMultiple(of: 2) ? storage.store : storage.other
                return try await ownGrant(grant("\(caller)", user: nil), in: store).id
            }
            try expect(Set(ids).count == 1, "\(Set(ids))")
            try expect(try await storage.store.grants(.all).map(\.id) == [ids[0]], "there are others")
        },
        Check("a grant that is revoked while its token is used ends, whoever comes first") { storage in
            for round: UInt8 in 0..<16 {
                let id = "g\(round)"
                try await redeem(grant(id), family(round, of: id), code: round, in: storage)
                async let rotation = storage.other.rotateRefreshToken(
                    presentation(round, generation: 0, at: 110, tokenExpiresAt: 5000)
                )
                async let revoked = storage.store.revokeGrants(.id(id), forgettingConsent: false, at: 110)
                let (outcome, revocations) = try await (rotation, revoked)
                try expect(revocations.map(\.subject) == [.grant(id: id)], "\(revocations)")
                try expect(
                    try await storage.store.refreshFamily([UInt8](repeating: round, count: 16)) == nil,
                    "it lives"
                )
                // Where the token was first, the revocation must outlive what it got.
                if case .rotated = outcome {
                    try expect(revocations[0].expiresAt >= 5000, "the new token would be good again: \(revocations)")
                }
            }
        },
    ]

    /// What 64 that begin at the same time get.
    private static func atOnce<Value: Sendable>(
        _ body: @escaping @Sendable (Int) async throws -> Value
    ) async throws -> [Value] {
        try await withThrowingTaskGroup(of: Value.self) { group in
            for caller in 0..<64 { group.addTask { try await body(caller) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
