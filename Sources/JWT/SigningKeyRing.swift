import Crypto

/// How long signing keys live; all times in seconds.
package struct SigningKeyPolicy: Sendable, Equatable {
    /// The algorithms that must have a key that signs.
    package let algorithms: [SignatureAlgorithm]
    /// How long a key signs before the next takes over.
    package let rotateEvery: Int64
    /// How long a key is published before it signs, so that everyone who caches the set has seen it.
    package let publicationLead: Int64
    /// How long the tokens that it signs in the ordinary way live.
    package let tokenLifetime: Int64

    /// A policy; no time is taken as longer than a century, so that none can overflow a sum.
    package init(
        algorithms: [SignatureAlgorithm] = [.es256, .rs256],
        rotateEvery: Int64 = 30 * 86400,
        publicationLead: Int64 = 3600,
        tokenLifetime: Int64 = 600
    ) {
        let century: Int64 = 100 * 365 * 86400
        self.algorithms = algorithms
        self.rotateEvery = min(max(rotateEvery, 0), century)
        self.publicationLead = min(max(publicationLead, 0), century)
        self.tokenLifetime = min(max(tokenLifetime, 0), century)
    }

    /// When a retired key can go: its last token is not accepted any more, by any process that lagged behind.
    package func removalTime(of record: SigningKeyRecord) -> Int64? {
        guard let retiredAt = record.retiredAt else { return nil }
        return max(record.signedUntil, retiredAt + tokenLifetime) + Self.margin
    }

    /// Clock skew, and the time until every process has seen that a key was retired.
    private static let margin: Int64 = 60
}

/// The life of our own signing keys: made at the first start, published before they sign, kept until they are not needed.
///
/// Every change goes through the store in atomic steps, so a server and a command may do this at the same time.
package struct SigningKeyRing: Sendable {
    package let store: any SigningKeyStore
    package let policy: SigningKeyPolicy
    private let sealingKey: SealingKey

    /// A ring over a store whose keys are sealed with this key.
    package init(store: any SigningKeyStore, sealingKey: SealingKey, policy: SigningKeyPolicy) {
        self.store = store
        self.policy = policy
        self.sealingKey = sealingKey.derived(for: "gatehouse signing keys v1")
    }

    /// What `maintain` did, and when it has something to do again.
    package struct Maintenance: Sendable, Equatable {
        /// Whether any key came, changed its state or went.
        package var hasChanged: Bool
        /// The time of the next step.
        package var nextStepAt: Int64?
    }

    /// Does what is due: first keys, publishing, promoting, removing.
    package func maintain(at unixTime: Int64) throws(StoreError) -> Maintenance {
        var hasChanged = false
        // Keys that do not open must not be replaced silently: their tokens are still out there.
        var records = try readableRecords()
        for algorithm in policy.algorithms {
            let current = records.filter { $0.algorithm == algorithm }
            hasChanged = try maintain(algorithm, current, at: unixTime) || hasChanged
        }
        for record in records {
            guard let removal = policy.removalTime(of: record), unixTime > removal else { continue }
            let isGone = try store.removeRetiredKey(record.keyID, signedUntil: record.signedUntil)
            hasChanged = isGone || hasChanged
        }
        if hasChanged { records = try store.signingKeys() }
        return Maintenance(hasChanged: hasChanged, nextStepAt: nextStep(records))
    }

    /// Publishes the next key of each algorithm, or of one; it signs after the publication lead time.
    ///
    /// A next key that is there already is used, and signs no later than a new one would.
    /// - Returns: the keys that are to sign next.
    package func rotate(
        _ algorithm: SignatureAlgorithm? = nil,
        at unixTime: Int64
    ) throws(StoreError) -> [SigningKeyRecord] {
        _ = try maintain(at: unixTime)
        var rotated: [String] = []
        for algorithm in algorithm.map({ [$0] }) ?? policy.algorithms {
            rotated.append(try rotateOne(algorithm, at: unixTime))
        }
        // A lead time that is over already needs no second call.
        _ = try maintain(at: unixTime)
        return try store.signingKeys().filter { rotated.contains($0.keyID) }
    }

    /// Removes a key: its tokens are refused from now on.
    ///
    /// Where it is the one that signs, the next one takes over at once, or a new one.
    /// - Returns: whether there was such a key.
    package func remove(_ keyID: String, at unixTime: Int64) throws(StoreError) -> Bool {
        guard let record = try store.signingKeys().first(where: { $0.keyID == keyID }) else { return false }
        let isNeeded = record.state == .active && policy.algorithms.contains(record.algorithm)
        let replacement = isNeeded ? try makeRecord(record.algorithm, state: .active, at: unixTime) : nil
        return try store.removeKey(keyID, replacement: replacement, at: unixTime)
    }

    /// Opens all keys.
    /// - Throws: `unreadableKey` for the first that does not open.
    package func load() throws(StoreError) -> SigningKeys {
        let records = try store.signingKeys()
        var opened: [(SigningKeyRecord, SigningKey, JSONWebKey)] = []
        for record in records {
            let key = try open(record)
            do throws(CryptoError) {
                opened.append((record, key, try key.verificationKey()))
            } catch {
                throw .cryptography("\(error)")
            }
        }
        return SigningKeys(opened)
    }

    /// Notes that a key signs tokens accepted until then; call it before a token with a later expiry is handed out.
    ///
    /// The time is rounded up to whole hours, so that a busy server writes once an hour.
    /// - Returns: whether the key is still there; if not, load the keys again.
    package func reserveUse(of signer: TokenSigner, until unixTime: Int64) throws(StoreError) -> Bool {
        let hour: Int64 = 3600
        // The latest `exp` that a verifier takes for a time.
        let until = min(unixTime, 1 << 53)
        return try store.extendUse(ofKey: signer.keyID, until: (until + hour - 1) / hour * hour)
    }

    /// A signer for one token that expires at `expiresAt`, with everything done that must be before.
    ///
    /// For commands: it makes the first keys, promotes what is due and notes the use. A server keeps `SigningKeys`.
    package func signer(
        _ algorithm: SignatureAlgorithm,
        expiresAt: Int64,
        at unixTime: Int64
    ) throws(StoreError) -> TokenSigner {
        _ = try maintain(at: unixTime)
        for _ in 0..<3 {
            guard let signer = try load().signer(algorithm) else { break }
            if try reserveUse(of: signer, until: expiresAt) { return signer }
        }
        throw .cryptography("no key for \(algorithm.name)")
    }
}

extension SigningKeyRing {
    private func maintain(
        _ algorithm: SignatureAlgorithm,
        _ records: [SigningKeyRecord],
        at unixTime: Int64
    ) throws(StoreError) -> Bool {
        guard let active = records.first(where: { $0.state == .active }) else {
            if let next = records.first(where: { $0.state == .next }) {
                return try store.promoteKey(next.keyID, at: unixTime)
            }
            return try store.insertActiveKey(try makeRecord(algorithm, state: .active, at: unixTime))
        }
        if let next = records.first(where: { $0.state == .next }) {
            guard unixTime >= next.activatesAt else { return false }
            return try store.promoteKey(next.keyID, at: unixTime)
        }
        guard unixTime >= publicationTime(afterActive: active) else { return false }
        let activation = max(unixTime + policy.publicationLead, active.activatesAt + policy.rotateEvery)
        return try store.insertNextKey(
            try makeRecord(algorithm, state: .next, at: unixTime, activatesAt: activation)
        )
    }

    /// The id of the key that is to sign next.
    private func rotateOne(_ algorithm: SignatureAlgorithm, at unixTime: Int64) throws(StoreError) -> String {
        let activation = unixTime + policy.publicationLead
        for _ in 0..<3 {
            if let next = try store.signingKeys().first(where: { $0.algorithm == algorithm && $0.state == .next }) {
                // It was published at `createdAt`, so part of the lead time may have passed already.
                let earliest = max(unixTime, next.createdAt + policy.publicationLead)
                if try store.scheduleNextKey(next.keyID, activatesAt: earliest) { return next.keyID }
            } else {
                let record = try makeRecord(algorithm, state: .next, at: unixTime, activatesAt: activation)
                if try store.insertNextKey(record) { return record.keyID }
            }
            // Another process was faster: look again.
        }
        throw .unavailable("the signing keys are being changed by another process")
    }

    private func publicationTime(afterActive record: SigningKeyRecord) -> Int64 {
        record.activatesAt + max(policy.rotateEvery - policy.publicationLead, 0)
    }

    /// When something is to be done about one of the keys.
    private func nextStep(_ records: [SigningKeyRecord]) -> Int64? {
        let followed = records.filter { $0.state == .next }.map(\.algorithm)
        let steps = records.compactMap { (record) -> Int64? in
            guard record.state == .retired || policy.algorithms.contains(record.algorithm) else { return nil }
            switch record.state {
            case .next: return record.activatesAt
            case .active: return followed.contains(record.algorithm) ? nil : publicationTime(afterActive: record)
            case .retired: return policy.removalTime(of: record).map { $0 + 1 }
            }
        }
        return steps.min()
    }

    private func readableRecords() throws(StoreError) -> [SigningKeyRecord] {
        let records = try store.signingKeys()
        for record in records { _ = try open(record) }
        return records
    }

    private func open(_ record: SigningKeyRecord) throws(StoreError) -> SigningKey {
        do throws(CryptoError) {
            return try SigningKey(record, sealingKey: sealingKey)
        } catch {
            throw .unreadableKey(keyID: record.keyID)
        }
    }

    private func makeRecord(
        _ algorithm: SignatureAlgorithm,
        state: SigningKeyRecord.State,
        at unixTime: Int64,
        activatesAt: Int64? = nil
    ) throws(StoreError) -> SigningKeyRecord {
        do throws(CryptoError) {
            let key = try SigningKey(generating: algorithm)
            return SigningKeyRecord(
                keyID: key.keyID,
                algorithm: algorithm,
                state: state,
                createdAt: unixTime,
                activatesAt: activatesAt ?? unixTime,
                sealedKey: try key.sealed(with: sealingKey)
            )
        } catch {
            throw .cryptography("\(error)")
        }
    }
}
