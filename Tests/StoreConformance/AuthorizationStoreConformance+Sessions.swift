import OAuthServer

extension AuthorizationStoreConformance {
    static let sessions: [Check] = [
        Check("a session comes back as it was put in") { storage in
            _ = try await storage.store.insertUser(user("ada"))
            try await storage.store.insertSession(session(1))
            let found = try await storage.other.session(session(1).idHash)
            try expect(found == session(1), "\(String(describing: found))")
            try expect(try await storage.store.session(session(2).idHash) == nil, "nobody added it")
        },
        Check("the use of a session is noted, and never moved back") { storage in
            _ = try await storage.store.insertUser(user("ada"))
            try await storage.store.insertSession(session(1))
            for (time, expected) in [(Int64(200), Int64(200)), (150, 200), (300, 300)] {
                try await storage.store.touchSession(session(1).idHash, at: time)
                let seen = try await storage.other.session(session(1).idHash)?.lastSeenAt
                try expect(seen == expected, "at \(time): \(String(describing: seen))")
            }
            try await storage.store.touchSession(session(2).idHash, at: 300)
            try expect(try await storage.store.session(session(2).idHash) == nil, "touching made one")
        },
        Check("a user's sessions are listed, the latest first") { storage in
            for name in ["ada", "bob"] { _ = try await storage.store.insertUser(user(name)) }
            for id: UInt8 in 1...3 { try await storage.store.insertSession(session(id, at: Int64(id) * 100)) }
            try await storage.store.insertSession(session(4, user: "bob"))
            try await storage.store.touchSession(session(1).idHash, at: 900)
            let ids = try await storage.other.sessions(ofUser: "ada").map { $0.idHash[0] }
            try expect(ids == [1, 3, 2], "\(ids)")
        },
        Check("a session is ended by whom it belongs to") { storage in
            _ = try await storage.store.insertUser(user("ada"))
            for id: UInt8 in 1...2 { try await storage.store.insertSession(session(id)) }
            let first = session(1).idHash
            try expect(try await !storage.store.removeSession(first, ofUser: "bob"), "by another")
            try expect(try await storage.store.session(first) != nil, "another ended it")
            try expect(try await storage.store.removeSession(first, ofUser: "ada"), "its owner could not")
            try expect(try await !storage.other.removeSession(first, ofUser: "ada"), "it ended twice")
            try expect(try await storage.store.removeSession(session(2).idHash, ofUser: nil), "without a name")
            try expect(try await storage.other.sessions(ofUser: "ada").isEmpty, "some are left")
        },
    ]

    static let consents: [Check] = [
        Check("a consent comes back until it expires, and a later one takes its place") { storage in
            for name in ["ada", "bob"] { _ = try await storage.store.insertUser(user(name)) }
            try await storage.store.saveConsent(consent())
            let found = try await storage.other.consent(user: "ada", client: "app", at: 499)
            try expect(found == consent(), "\(String(describing: found))")
            try expect(
                try await storage.store.consent(user: "ada", client: "app", at: 500) == nil,
                "it has not expired"
            )
            for (user, client) in [("bob", "app"), ("ada", "cli")] {
                let other = try await storage.store.consent(user: user, client: client, at: 100)
                try expect(other == nil, "it counts for \(user) and \(client)")
            }
            var wider = consent(expiresAt: 900)
            (wider.scopes, wider.grantedAt) = (["notes:read", "notes:write"], 400)
            try await storage.other.saveConsent(wider)
            let all = try await storage.store.consents(ofUser: "ada", limit: 100, at: 600)
            try expect(all == [wider], "\(all)")
        }
    ]

    static let cleaning: [Check] = [
        Check("what can't matter any more is removed, and nothing else") { storage in
            let store = storage.store
            let lifetime = SessionLifetime(idle: 300, absolute: 2000)
            try await redeem(grant("short"), nil, code: 1, in: storage)
            try await redeem(grant("long"), family(1, of: "long", idleExpiresAt: 3000), code: 2, in: storage)
            _ = try await store.insertUser(user("bob"))
            try await store.insertSession(session(1))
            try await store.insertSession(session(2, user: "bob"))
            try await store.saveConsent(consent())
            try await store.saveConsent(consent("ada", "cli", expiresAt: 5000))
            try expect(try await store.removeExpired(at: 120, sessions: lifetime) == 0, "something went at once")

            try await store.touchSession(session(2).idHash, at: 700)
            let hour = try await store.removeExpired(at: 780, sessions: lifetime)
            // Two codes, a session, a consent, a grant.
            try expect(hour == 5, "\(hour) were removed")
            try expect(try await store.grants(.all).map(\.id) == ["long"], "the grants")
            try expect(try await store.authorizationCode(code(1).hash, at: 100) == nil, "a code is there")
            try expect(try await store.session(session(1).idHash) == nil, "a session is there")
            try expect(try await store.session(session(2).idHash) != nil, "a session in use is gone")
            try expect(
                try await store.consents(ofUser: "ada", limit: 100, at: 0).map(\.clientID) == ["cli"],
                "the consents"
            )
            try expect(try await storage.other.removeExpired(at: 780, sessions: lifetime) == 0, "it was not all")

            try expect(try await store.refreshFamily(family(1, of: "long").id) != nil, "a live family is gone")
            _ = try await store.removeExpired(at: 3000, sessions: lifetime)
            try expect(try await store.grants(.all).isEmpty, "a grant with an ended family is there")
            try expect(try await store.users().map(\.name) == ["ada", "bob"], "users are gone")
        },
        Check("a used code is kept for ten minutes after its expiry, to notice its second use") { storage in
            let lifetime = SessionLifetime(idle: 300, absolute: 2000)
            try await redeem(grant("g", tokensExpireAt: 9000), nil, in: storage)
            try expect(try await storage.store.removeExpired(at: 759, sessions: lifetime) == 0, "it went too early")
            let replayed = try await storage.store.redeemAuthorizationCode(
                code(1).hash,
                for: grant("h"),
                family: nil,
                at: 759
            )
            try expect(replayed == .alreadyUsed(grantID: "g"), "\(replayed)")
            try expect(try await storage.store.removeExpired(at: 760, sessions: lifetime) == 1, "it stayed")
        },
        Check("a grant that is used lives on, past the time it was first given") { storage in
            let lifetime = SessionLifetime(idle: 300, absolute: 2000)
            try await redeem(grant("g"), family(1, of: "g"), in: storage)
            _ = try await ownGrant(grant("c", user: nil), in: storage.store)
            for (generation, time) in [(UInt32(0), Int64(1000)), (1, 1900), (2, 2800), (3, 3700)] {
                _ = try await ownGrant(
                    grant("x", user: nil, createdAt: time, tokensExpireAt: time + 600),
                    in: storage.store
                )
                _ = try await storage.store.rotateRefreshToken(presentation(generation: generation, at: time))
                _ = try await storage.other.removeExpired(at: time + 500, sessions: lifetime)
                let left = try await storage.store.grants(.all).map(\.id).sorted()
                try expect(left == ["c", "g"], "at \(time + 500): \(left)")
            }
            _ = try await storage.store.removeExpired(at: 3700 + 600 + 3600 + 61, sessions: lifetime)
            try expect(try await storage.store.grants(.all).isEmpty, "they never end")
        },
        Check("thousands of expired rows go in one call") { storage in
            let lifetime = SessionLifetime(idle: 300, absolute: 2000)
            _ = try await storage.store.insertUser(user("ada"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<1200 {
                    group.addTask {
                        var code = code(0)
                        code.hash = [UInt8](repeating: UInt8(index % 256), count: 31) + [UInt8(index / 256)]
                        try await storage.store.insertAuthorizationCode(code)
                        try await storage.store.insertGrant(grant("\(index)"))
                    }
                }
                try await group.waitForAll()
            }
            let count = try await storage.store.removeExpired(at: 10_000, sessions: lifetime)
            try expect(count == 2400, "\(count)")
        },
    ]
}
