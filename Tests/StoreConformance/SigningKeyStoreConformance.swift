import Crypto
import JWT

/// What every `SigningKeyStore` promises.
package enum SigningKeyStoreConformance {
    package static let checks: [StoreCheck<any SigningKeyStore>] = insertion + promotion + removal

    private static func record(
        _ keyID: String,
        _ algorithm: SignatureAlgorithm = .es256,
        activatesAt: Int64 = 10
    ) -> SigningKeyRecord {
        SigningKeyRecord(
            keyID: keyID,
            algorithm: algorithm,
            state: .next,
            createdAt: 10,
            activatesAt: activatesAt,
            sealedKey: [0, 1, 2, 255]
        )
    }

    private static func states(_ store: any SigningKeyStore) throws -> [String] {
        try store.signingKeys().map { "\($0.keyID) \($0.state)" }
    }

    private static let insertion: [StoreCheck<any SigningKeyStore>] = [
        StoreCheck("an empty store has no keys") { store in
            try expect(try store.signingKeys().isEmpty, "it has some")
            try expect(try !store.promoteKey("a", at: 1), "it promoted nothing")
            try expect(try !store.extendUse(ofKey: "a", until: 1), "it noted the use of nothing")
            try expect(try !store.removeKey("a", replacement: record("b"), at: 1), "it removed nothing")
            try expect(try store.signingKeys().isEmpty, "it has some now")
        },
        StoreCheck("a key comes back as it was put in, in the state asked for") { store in
            var expected = record("a", .ps384, activatesAt: 20)
            expected.signedUntil = 5
            try expect(try store.insertNextKey(expected), "it refused")
            try expect(try store.signingKeys() == [expected], "\(try store.signingKeys())")
            try expect(try store.insertActiveKey(record("b", .ps384)), "it refused an active one")
            try expect(try states(store) == ["b active", "a next"], "\(try states(store))")
        },
        StoreCheck("an algorithm has one active and one next key") { store in
            try expect(try store.insertActiveKey(record("a")), "the first active")
            try expect(try !store.insertActiveKey(record("b")), "a second active")
            try expect(try store.insertNextKey(record("c")), "the first next")
            try expect(try !store.insertNextKey(record("d")), "a second next")
            try expect(try store.insertActiveKey(record("e", .rs256)), "an active one of another algorithm")
            try expect(try states(store) == ["a active", "c next", "e active"], "\(try states(store))")
        },
        StoreCheck("noting a use only ever moves the time forward") { store in
            _ = try store.insertActiveKey(record("a"))
            for time: Int64 in [100, 50, 200] {
                try expect(try store.extendUse(ofKey: "a", until: time), "the key is not found")
            }
            try expect(try store.signingKeys()[0].signedUntil == 200, "\(try store.signingKeys())")
        },
    ]

    private static let promotion: [StoreCheck<any SigningKeyStore>] = [
        StoreCheck("promoting the next key retires the active one of its algorithm") { store in
            _ = try store.insertActiveKey(record("a"))
            _ = try store.insertActiveKey(record("r", .rs256))
            _ = try store.insertNextKey(record("b", activatesAt: 60))
            try expect(try store.promoteKey("b", at: 55), "it refused")
            try expect(try states(store) == ["b active", "a retired", "r active"], "\(try states(store))")
            let keys = try store.signingKeys()
            try expect(keys[0].activatesAt == 55 && keys[0].retiredAt == nil, "\(keys[0])")
            try expect(keys[1].retiredAt == 55, "\(keys[1])")
        },
        StoreCheck("a key is promoted once") { store in
            _ = try store.insertNextKey(record("a"))
            try expect(try store.promoteKey("a", at: 20), "it refused")
            try expect(try !store.promoteKey("a", at: 30), "it did it twice")
            try expect(try store.signingKeys()[0].activatesAt == 20, "it changed the time")
        },
        StoreCheck("a next key can be scheduled sooner, never later") { store in
            _ = try store.insertNextKey(record("a", activatesAt: 100))
            try expect(try store.scheduleNextKey("a", activatesAt: 200), "it refused")
            try expect(try store.signingKeys()[0].activatesAt == 100, "it moved it back")
            try expect(try store.scheduleNextKey("a", activatesAt: 50), "it refused")
            try expect(try store.signingKeys()[0].activatesAt == 50, "it did not move it")
            _ = try store.promoteKey("a", at: 50)
            try expect(try !store.scheduleNextKey("a", activatesAt: 40), "it scheduled an active key")
        },
    ]

    private static let removal: [StoreCheck<any SigningKeyStore>] = [
        StoreCheck("a removed active key is replaced by the next one") { store in
            _ = try store.insertActiveKey(record("a"))
            _ = try store.insertNextKey(record("b"))
            try expect(try store.removeKey("a", replacement: record("c"), at: 70), "it is not found")
            try expect(try states(store) == ["b active"], "\(try states(store))")
            try expect(try store.signingKeys()[0].activatesAt == 70, "it activated at another time")
        },
        StoreCheck("a removed active key without a next one is replaced by the replacement") { store in
            _ = try store.insertActiveKey(record("a"))
            try expect(try store.removeKey("a", replacement: record("c"), at: 70), "it is not found")
            try expect(try states(store) == ["c active"], "\(try states(store))")
            try expect(try store.removeKey("c", replacement: nil, at: 70), "it is not found")
            try expect(try store.signingKeys().isEmpty, "something is left")
        },
        StoreCheck("a removed next or retired key is not replaced") { store in
            _ = try store.insertNextKey(record("a"))
            _ = try store.promoteKey("a", at: 20)
            _ = try store.insertNextKey(record("b"))
            _ = try store.promoteKey("b", at: 30)
            _ = try store.insertNextKey(record("c"))
            try expect(try store.removeKey("c", replacement: record("d"), at: 40), "the next is not found")
            try expect(try store.removeKey("a", replacement: record("d"), at: 40), "the retired is not found")
            try expect(try states(store) == ["b active"], "\(try states(store))")
        },
        StoreCheck("a retired key goes only if it signed for no longer than was thought") { store in
            _ = try store.insertActiveKey(record("a"))
            _ = try store.insertNextKey(record("b"))
            try expect(try !store.removeRetiredKey("a", signedUntil: 1000), "it removed an active key")
            try expect(try !store.removeRetiredKey("b", signedUntil: 1000), "it removed a next key")
            _ = try store.promoteKey("b", at: 20)
            _ = try store.extendUse(ofKey: "a", until: 500)
            try expect(try !store.removeRetiredKey("a", signedUntil: 499), "it removed a key in use")
            try expect(try store.removeRetiredKey("a", signedUntil: 500), "it kept it")
            try expect(try states(store) == ["b active"], "\(try states(store))")
        },
    ]
}
