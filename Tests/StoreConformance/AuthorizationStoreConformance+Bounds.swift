import OAuthServer

extension AuthorizationStoreConformance {
    /// What one user can make.
    static let bounds: [Check] = [
        Check("one grant too many ends the oldest of the same user and client, with its tokens") { storage in
            let store = storage.store
            let limit = Grant.limitPerUserAndClient
            try await redeem(grant("oldest", createdAt: 1), family(1, of: "oldest"), in: storage)
            for index in 2...limit {
                try await store.insertGrant(grant("\(index)", createdAt: Int64(index)))
            }
            let others = [
                grant("bob", user: "bob", createdAt: 0), grant("cli", client: "cli", createdAt: 0),
                grant("own", user: nil, createdAt: 0),
            ]
            for other in others { try await store.insertGrant(other) }
            for (place, ended) in [(1, "oldest"), (2, "2")] {
                let new = code(UInt8(place + 1))
                try await store.insertAuthorizationCode(new)
                let outcome = try await store.redeemAuthorizationCode(
                    new.hash,
                    for: grant("new\(place)", createdAt: Int64(limit + place)),
                    family: family(UInt8(place + 1), of: "new\(place)"),
                    at: 100
                )
                try expect(outcome == .redeemed(ended: [grant(ended).revocation]), "\(outcome)")
                try expect(try isRevoked(ended, in: storage), "its tokens are still good")
            }
            let selection = GrantSelection.ofUserAndClient(user: "ada", client: "app")
            let left = try await storage.other.grants(selection).map(\.id)
            try expect(left == ["new2", "new1"] + (3...limit).reversed().map(String.init), "\(left)")
            try expect(try await store.refreshFamily(family(1, of: "oldest").id) == nil, "its family is there")
            try expect(try await store.refreshFamily(family(2, of: "new1").id) != nil, "the new family is not")
            for other in others { try expect(try await store.grants(.id(other.id)) == [other], "\(other.id) ended") }
        },
        Check("one session too many ends the one that was not seen for longest") { storage in
            let store = storage.store
            for name in ["ada", "bob"] { _ = try await store.insertUser(user(name)) }
            try await store.insertSession(session(255, user: "bob", at: 1))
            let limit = UInt8(BrowserSession.limitPerUser)
            for id in 1...limit { try await store.insertSession(session(id, at: 100 + Int64(id))) }
            try await store.touchSession(session(1).idHash, at: 900)
            _ = try await store.insertSession(session(limit + 1, at: 800), afterChecking: "another hash")
            try expect(try await store.session(session(2).idHash) != nil, "one that was not added ended one")
            // Older than all others, as where a clock was set back: the one who has just signed in stays signed in.
            try await storage.other.insertSession(session(limit + 1, at: 50))
            try expect(try await store.session(session(2).idHash) == nil, "there are too many")
            let left = try await store.sessions(ofUser: "ada").map { $0.idHash[0] }
            try expect(left == [1] + (3...limit).reversed() + [limit + 1], "\(left)")
            try expect(try await store.session(session(255).idHash) != nil, "another user's ended")
        },
        Check("grants are summed up by client, the latest first, and no more than were asked for") { storage in
            let store = storage.store
            try await store.insertGrant(grant("a", scopes: ["x"], createdAt: 1))
            try await store.insertGrant(grant("b", client: "cli", createdAt: 2))
            try await store.insertGrant(grant("c", user: "bob", client: "b", createdAt: 3))
            try await store.insertGrant(grant("d", scopes: ["x", "y"], createdAt: 4))
            try await store.insertGrant(grant("e", client: "tv", createdAt: 5))
            try await store.insertGrant(grant("f", scopes: ["x"], createdAt: 6))
            let app = GrantSummary(clientID: "app", scopes: ["x", "y"], createdAt: 6, lastUsedAt: 6)
            let all = try await storage.other.grantSummaries(ofUser: "ada", limit: 100)
            try expect(all.map(\.clientID) == ["app", "tv", "cli"], "\(all)")
            try expect(all.first == app, "\(all)")
            let some = try await store.grantSummaries(ofUser: "ada", limit: 2)
            try expect(some.map(\.clientID) == ["app", "tv"], "\(some)")
            try expect(try await store.grantSummaries(ofUser: "eve", limit: 100).isEmpty, "somebody else's")
        },
        Check("the latest consents are listed, and no more than were asked for") { storage in
            _ = try await storage.store.insertUser(user("ada"))
            for index in 1...5 {
                var consent = consent("ada", "app\(index)")
                consent.grantedAt = 100 + Int64(index * 7 % 5)
                try await storage.store.saveConsent(consent)
            }
            let some = try await storage.other.consents(ofUser: "ada", limit: 3, at: 200).map(\.clientID)
            try expect(some == ["app2", "app4", "app1"], "\(some)")
        },
    ]
}
