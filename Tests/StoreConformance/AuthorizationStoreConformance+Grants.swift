import JWT
import OAuthServer

extension AuthorizationStoreConformance {
    static let grants: [Check] = [
        Check("grants are found by each selection") { storage in
            let grants = [
                grant("a", createdAt: 104), grant("b", client: "cli", createdAt: 103),
                grant("c", user: "bob", createdAt: 102), grant("d", user: nil, createdAt: 101),
            ]
            for grant in grants { try await storage.store.insertGrant(grant) }
            let expected: [(GrantSelection, String)] = [
                (.all, "abcd"), (.id("b"), "b"), (.id("x"), ""), (.ofUser("ada"), "ab"), (.ofClient("app"), "acd"),
                (.ofUserAndClient(user: "ada", client: "app"), "a"), (.ofUser("eve"), ""), (.ofClient(""), ""),
            ]
            for (selection, ids) in expected {
                let found = try await storage.other.grants(selection)
                try expect(found.map(\.id).joined() == ids, "\(selection): \(found.map(\.id))")
                try expect(found == grants.filter { ids.contains($0.id) }, "\(found)")
            }
        },
        Check("revoking ends what was selected, at once and for as long as a token could live") { storage in
            let store = storage.store
            try await redeem(grant("a"), family(1, of: "a"), in: storage)
            try await redeem(grant("b", client: "cli"), family(2, of: "b"), code: 2, in: storage)
            try await store.insertAuthorizationCode(code(3))
            let selection = GrantSelection.ofUserAndClient(user: "ada", client: "app")
            let revoked = try await store.revokeGrants(selection, forgettingConsent: false, at: 110)
            try expect(revoked.map(\.subject) == [.grant(id: "a")], "\(revoked)")
            try expect(revoked[0].expiresAt >= 700, "its last token outlives it")
            try expect(try storage.revocations.revocations(at: 700).contains(.grant(id: "a")), "it is not in the list")
            try expect(try !isRevoked("b", in: storage), "another is in the list")
            try expect(try await storage.other.refreshFamily(family(1, of: "a").id) == nil, "its family is there")
            try expect(try await storage.other.grants(.all).map(\.id) == ["b"], "the grants")
            let late = try await store.redeemAuthorizationCode(code(3).hash, for: grant("c"), family: nil, at: 110)
            try expect(late == .unknown, "a code became such a grant again: \(late)")
            let again = try await store.revokeGrants(.id("a"), forgettingConsent: true, at: 110)
            try expect(again.isEmpty, "it was revoked twice")
        },
        Check("a consent is forgotten where that is asked for") { storage in
            let store = storage.store
            try await redeem(grant("a"), nil, in: storage)
            try await redeem(grant("b", client: "cli"), nil, code: 2, in: storage)
            for client in ["app", "cli"] { try await store.saveConsent(consent("ada", client)) }
            _ = try await store.revokeGrants(.id("a"), forgettingConsent: true, at: 110)
            _ = try await store.revokeGrants(.id("b"), forgettingConsent: false, at: 110)
            let left = try await store.consents(ofUser: "ada", limit: 100, at: 110).map(\.clientID)
            try expect(left == ["cli"], "\(left)")
        },
        Check("a consent that no grant is left of is forgotten as well") { storage in
            let store = storage.store
            for name in ["ada", "bob"] { _ = try await store.insertUser(user(name)) }
            for (user, client) in [("ada", "app"), ("ada", "cli"), ("bob", "app")] {
                try await store.saveConsent(consent(user, client))
            }
            let selection = GrantSelection.ofUserAndClient(user: "ada", client: "app")
            _ = try await store.revokeGrants(selection, forgettingConsent: false, at: 110)
            try expect(try await store.consents(ofUser: "ada", limit: 100, at: 110).count == 2, "it was to be kept")
            let revoked = try await store.revokeGrants(selection, forgettingConsent: true, at: 110)
            try expect(revoked.isEmpty, "\(revoked)")
            let left = try await store.consents(ofUser: "ada", limit: 100, at: 110).map(\.clientID)
            try expect(left == ["cli"], "\(left)")
            try expect(
                try await store.consents(ofUser: "bob", limit: 100, at: 110).count == 1,
                "another user's is gone"
            )
        },
        Check("all can be revoked together") { storage in
            for id in ["a", "b", "c"] { try await storage.store.insertGrant(grant(id)) }
            let revoked = try await storage.store.revokeGrants(.all, forgettingConsent: false, at: 110)
            try expect(Set(revoked.map(\.subject)) == Set(["a", "b", "c"].map { .grant(id: $0) }), "\(revoked)")
            try expect(try await storage.other.grants(.all).isEmpty, "some are left")
        },
        Check("one token can be revoked") { storage in
            let revocation = Revocation(.token(issuer: "https://as.example", id: "t"), expiresAt: 700)
            try await storage.store.revokeToken(revocation)
            try expect(
                try storage.revocations.revocations(at: 700).revocations == [revocation],
                "it is not in the list"
            )
        },
    ]

    static let clientGrants: [Check] = [
        Check("a client that acts for itself has one grant for the same scopes and resource") { storage in
            let first = try await ownGrant(grant("a", user: nil, scopes: ["x", "y"]), in: storage.store)
            try expect(first.id == "a" && first.userName == nil && first.scopes == ["x", "y"], "\(first)")
            let same = try await ownGrant(grant("b", user: nil, scopes: ["y", "x"]), in: storage.other)
            try expect(same.id == "a", "the order of scopes makes another: \(same)")
            var elsewhere = grant("c", user: nil, scopes: ["x", "y"])
            elsewhere.resource = "https://other.example"
            let others = [
                grant("d", user: nil, scopes: ["x"]), grant("e", user: nil, client: "cli", scopes: ["x", "y"]),
                elsewhere,
            ]
            for other in others {
                let found = try await ownGrant(other, in: storage.store)
                try expect(found.id == other.id, "\(other.id) became \(found.id)")
            }
        },
        Check("a client's own grant lives as long as its tokens, and a new token makes it live longer") { storage in
            let store = storage.store
            let first = try await ownGrant(grant("a", user: nil), in: store)
            try expect((700...4300).contains(first.tokensExpireAt), "\(first)")
            for time in stride(from: Int64(160), through: 9000, by: 400) {
                let later = grant("b", user: nil, createdAt: time, tokensExpireAt: time + 600)
                let found = try await ownGrant(later, in: store)
                try expect(found.id == "a", "at \(time) it is another")
                try expect(found.tokensExpireAt >= time + 600, "at \(time) it ends too early: \(found)")
                try expect(found.tokensExpireAt <= time + 4200, "at \(time) it ends too late: \(found)")
                try expect(time - found.lastUsedAt < 60, "at \(time) it was last used at \(found.lastUsedAt)")
                try expect(try await storage.other.grants(.id("a")) == [found], "at \(time) what is stored is another")
            }
        },
        Check("after a revocation a client gets another grant") { storage in
            _ = try await ownGrant(grant("a", user: nil), in: storage.store)
            _ = try await storage.store.revokeGrants(.id("a"), forgettingConsent: false, at: 110)
            let second = try await ownGrant(grant("b", user: nil, createdAt: 120), in: storage.store)
            try expect(second.id == "b", "it got the revoked one")
        },
        Check("a client that was removed a moment ago gets nothing") { storage in
            _ = try await storage.store.insertClient(client("app"))
            let first = try await storage.store.clientGrant(grant("a", user: nil), for: client("app"))
            try expect(first?.id == "a", "\(String(describing: first))")
            _ = try await storage.other.removeClient("app", at: 110)
            let late = try await storage.store.clientGrant(grant("b", user: nil), for: client("app"))
            try expect(late == nil, "\(String(describing: late))")
            try expect(try await storage.store.grants(.all).isEmpty, "there is a grant")
        },
        Check("a user's grant is never a client's own") { storage in
            try await storage.store.insertGrant(grant("a"))
            let found = try await ownGrant(grant("b", user: nil), in: storage.store)
            try expect(found.id == "b" && found.userName == nil, "\(found)")
        },
    ]
}
