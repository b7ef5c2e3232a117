import OAuthServer

extension AuthorizationStoreConformance {
    static let users: [Check] = [
        Check("a user comes back as they were put in, on every connection") { storage in
            var full = user("ada")
            full.email = "ada@example.org"
            full.fullName = "Ada \"Byron\" Lovelace"
            full.restrictedScopes = ["notes:delete", "admin"]
            for user in [full, user("bob", isDisabled: true)] {
                try expect(try await storage.store.insertUser(user), "\(user.name) is refused")
                let found = try await storage.other.user(user.name)
                try expect(found == user, "\(String(describing: found))")
            }
            let all = try await storage.store.users().map(\.name)
            try expect(all == ["ada", "bob"], "\(all)")
            try expect(try await !storage.other.insertUser(user("ada")), "the name was taken twice")
            try expect(try await storage.store.user("ada") == full, "the second replaced the first")
        },
        Check("names are compared byte by byte") { storage in
            for name in awkwardNames {
                try expect(try await storage.store.insertUser(user(name)), "\(name.debugDescription) is taken")
            }
            for name in awkwardNames {
                let found = try await storage.store.user(name)?.name
                try expect(found.map { Array($0.utf8) } == Array(name.utf8), "\(name.debugDescription)")
            }
        },
        Check("a new password ends the user's sessions but the one that set it") { storage in
            for name in ["ada", "bob"] { _ = try await storage.store.insertUser(user(name)) }
            for id: UInt8 in 1...3 { try await storage.store.insertSession(session(id)) }
            try await storage.store.insertSession(session(4, user: "bob"))
            let kept = session(2).idHash
            try expect(try await storage.store.setPassword(ofUser: "ada", hash: "new", keepingSession: kept), "refused")
            try expect(try await storage.other.user("ada")?.passwordHash == "new", "the password")
            try expect(try await storage.store.sessions(ofUser: "ada").map(\.idHash) == [kept], "the sessions")
            try expect(try await storage.store.session(session(4).idHash) != nil, "another's session ended")
            try expect(try await storage.store.setPassword(ofUser: "ada", hash: "x", keepingSession: nil), "refused")
            try expect(try await storage.store.sessions(ofUser: "ada").isEmpty, "one was kept")
            try expect(try await !storage.store.setPassword(ofUser: "eve", hash: "x", keepingSession: nil), "no one")
        },
        Check("of two who checked the same password, one sets another, and the other does nothing with it") { storage in
            let store = storage.store
            _ = try await store.insertUser(user("ada"))
            let checked = user("ada").passwordHash
            try expect(
                try await store.setPassword(ofUser: "ada", hash: "new", replacing: checked, keepingSession: nil),
                "refused"
            )
            try expect(
                try await !store.setPassword(ofUser: "ada", hash: "late", replacing: checked, keepingSession: nil),
                "the new password was lost"
            )
            try expect(try await store.user("ada")?.passwordHash == "new", "the password")
            try expect(try await !store.insertSession(session(1), afterChecking: checked), "the old one signed in")
            try expect(try await store.sessions(ofUser: "ada").isEmpty, "a session of the old password")
            try expect(try await store.insertSession(session(2), afterChecking: "new"), "the new one did not")
            try expect(try await store.session(session(2).idHash) != nil, "no session")
        },
        Check("a hash is renewed only if it is still the one that was checked") { storage in
            _ = try await storage.store.insertUser(user("ada"))
            try await storage.store.upgradePasswordHash(ofUser: "ada", from: "$argon2id$ada", to: "better")
            try expect(try await storage.store.user("ada")?.passwordHash == "better", "it was not renewed")
            try await storage.store.upgradePasswordHash(ofUser: "ada", from: "$argon2id$ada", to: "stale")
            try expect(try await storage.store.user("ada")?.passwordHash == "better", "a newer password was lost")
        },
        Check("disabling a user ends what they have, and enabling brings nothing back") { storage in
            let store = storage.store
            try await prepareTwoUsers(storage)
            let revoked = try await store.setDisabled(true, user: "ada", at: 110)
            try expect(revoked?.map(\.subject) == [.grant(id: "g")], "\(String(describing: revoked))")
            try expect(try await store.user("ada")?.isDisabled == true, "not disabled")
            try await expectOnlyBob(storage)
            try expect(try await store.consent(user: "ada", client: "app", at: 110) != nil, "the consent is gone")
            try expect(try await store.setDisabled(false, user: "ada", at: 120) == [], "enabling revoked something")
            try expect(try await store.user("ada")?.isDisabled == false, "not enabled")
            let late = try await store.redeemAuthorizationCode(code(3).hash, for: grant("i"), family: nil, at: 120)
            try expect(late == .unknown, "a code from before was good: \(late)")
            try expect(try await store.setDisabled(true, user: "eve", at: 120) == nil, "no one was disabled")
        },
        Check("with a user go their sessions, codes, grants and consents") { storage in
            try await prepareTwoUsers(storage)
            let revoked = try await storage.store.removeUser("ada", at: 110)
            try expect(revoked?.map(\.subject) == [.grant(id: "g")], "\(String(describing: revoked))")
            try expect(try await storage.other.user("ada") == nil, "the user is there")
            try await expectOnlyBob(storage)
            try expect(try await storage.store.removeUser("ada", at: 110) == nil, "it was there twice")
            // Whoever gets the name next begins with nothing.
            _ = try await storage.store.insertUser(user("ada"))
            try expect(
                try await storage.store.consents(ofUser: "ada", limit: 100, at: 110).isEmpty,
                "a consent is left"
            )
        },
        Check("nothing is kept for a user who went, or was disabled, just before") { storage in
            let store = storage.store
            _ = try await store.insertUser(user("bob", isDisabled: true))
            for name in ["bob", "eve"] {
                try await store.insertSession(session(1, user: name))
                try expect(try await store.session(session(1).idHash) == nil, "a session of \(name)")
            }
            try await store.saveConsent(consent("eve"))
            try expect(try await store.consents(ofUser: "eve", limit: 100, at: 100).isEmpty, "a consent of no one")
            for (hash, name) in [(UInt8(1), "bob"), (2, "eve")] {
                try await store.insertAuthorizationCode(code(hash, user: name))
                let outcome = try await store.redeemAuthorizationCode(
                    code(hash).hash,
                    for: grant("g\(name)", user: name),
                    family: nil,
                    at: 100
                )
                try expect(outcome == .unknown, "a code of \(name): \(outcome)")
            }
            try expect(try await store.grants(.all).isEmpty, "there is a grant")
        },
    ]

    /// `ada` with grant `g` and code 3, `bob` with grant `h` and code 4; a session and a consent each.
    private static func prepareTwoUsers(_ storage: TriedStorage) async throws {
        try await redeem(grant("g"), family(1, of: "g"), code: 1, in: storage)
        try await redeem(grant("h", user: "bob"), family(2, of: "h"), code: 2, in: storage)
        for (id, name) in [(UInt8(3), "ada"), (4, "bob")] {
            try await storage.store.insertAuthorizationCode(code(id, user: name))
            try await storage.store.insertSession(session(id, user: name))
            try await storage.store.saveConsent(consent(name))
        }
    }

    private static func expectOnlyBob(_ storage: TriedStorage) async throws {
        let store = storage.other
        try expect(try isRevoked("g", in: storage) && !isRevoked("h", in: storage), "the list of revocations")
        try expect(try await store.grants(.all).map(\.id) == ["h"], "the grants")
        try expect(try await store.refreshFamily(family(1, of: "g").id) == nil, "the family is there")
        try expect(try await store.authorizationCode(code(3).hash, at: 110) == nil, "the code is there")
        try expect(try await store.session(session(3).idHash) == nil, "the session is there")
        try expect(try await store.refreshFamily(family(2, of: "h").id) != nil, "another's family is gone")
        try expect(try await store.authorizationCode(code(4).hash, at: 110) != nil, "another's code is gone")
        try expect(try await store.session(session(4).idHash) != nil, "another's session is gone")
        try expect(try await store.consent(user: "bob", client: "app", at: 110) != nil, "another's consent is gone")
    }
}
