import JWT

/// What every `RevocationStore` promises.
package enum RevocationStoreConformance {
    package static let checks: [StoreCheck<any RevocationStore>] = [
        StoreCheck("an empty store has no revocations") { store in
            try expect(try store.revocations(at: 0).isEmpty, "it has some")
        },
        StoreCheck("what was revoked is found") { store in
            let revocations = [
                Revocation(.token(issuer: "https://a.example", id: "1"), expiresAt: 100),
                Revocation(.grant(id: "g"), expiresAt: 200),
            ]
            try store.revoke(revocations)
            let found = try store.revocations(at: 50)
            try expect(Set(found.revocations) == Set(revocations), "\(found)")
        },
        StoreCheck("the same id of another issuer, or of a grant, is another") { store in
            try store.revoke([Revocation(.token(issuer: "a", id: "1"), expiresAt: 100)])
            let found = try store.revocations(at: 50)
            try expect(!found.contains(.token(issuer: "b", id: "1")), "it took the issuers as the same")
            try expect(!found.contains(.grant(id: "1")), "it took the token for a grant")
        },
        StoreCheck("revoking again keeps the later expiry") { store in
            for expiry: Int64 in [100, 300, 200] { try store.revoke([Revocation(.grant(id: "g"), expiresAt: expiry)]) }
            let found = try store.revocations(at: 0).revocations
            try expect(found == [Revocation(.grant(id: "g"), expiresAt: 300)], "\(found)")
        },
        StoreCheck("an entry is there until its last second, and can be removed after it") { store in
            try store.revoke([Revocation(.grant(id: "g"), expiresAt: 100)])
            try expect(try store.revocations(at: 100).count == 1, "it went too early")
            try expect(try store.revocations(at: 101).isEmpty, "it stayed too long")
            try expect(try store.removeExpiredRevocations(at: 100) == 0, "it was removed too early")
            try expect(try store.removeExpiredRevocations(at: 101) == 1, "it was not removed")
            try expect(try store.removeExpiredRevocations(at: 101) == 0, "it was removed twice")
            try expect(try store.revocations(at: 0).isEmpty, "it is still there")
        },
        StoreCheck("ids of any kind are kept byte by byte") { store in
            let ids = ["", "a\0b", "a\0c", "é", "e\u{301}", "'; --", String(repeating: "x", count: 10_000)]
            for id in ids {
                try store.revoke([Revocation(.token(issuer: id, id: id), expiresAt: 100)])
                try expect(try store.revocations(at: 0).contains(.token(issuer: id, id: id)), "\(id) is lost")
            }
            // Swift takes the two spellings of é as equal, so what counts is that none is lost.
            try expect(try store.revocations(at: 0).count >= ids.count - 1, "some were taken as the same")
        },
        StoreCheck("a reader that comes again gets only what is new to it") { store in
            try store.revoke([Revocation(.grant(id: "a"), expiresAt: 100)])
            let first = try store.changes(after: nil, at: 0)
            try expect(first.revocations == [Revocation(.grant(id: "a"), expiresAt: 100)], "\(first)")
            try expect(try store.changes(after: first.position, at: 0).revocations.isEmpty, "it was told twice")
            try store.revoke([Revocation(.grant(id: "b"), expiresAt: 100), Revocation(.grant(id: "a"), expiresAt: 90)])
            let second = try store.changes(after: first.position, at: 0)
            try expect(second.revocations == [Revocation(.grant(id: "b"), expiresAt: 100)], "\(second)")
            try store.revoke([Revocation(.grant(id: "a"), expiresAt: 200)])
            let third = try store.changes(after: second.position, at: 0)
            try expect(third.revocations == [Revocation(.grant(id: "a"), expiresAt: 200)], "\(third)")
            try expect(try store.changes(after: second.position, at: 201).revocations.isEmpty, "what has expired came")
        },
        StoreCheck("revoking nothing is fine") { store in
            try store.revoke([])
            try expect(try store.revocations(at: 0).isEmpty, "it has some")
        },
    ]
}
