import JWT
import OAuthWeb
import SQLiteStore

/// What is kept in memory of the storage, and how it stays up to date.
extension GatewayServer {
    /// Does what is due and takes over what anyone has changed; on the control queue.
    func lookAtStorage() {
        let now = SystemClock.unixTime()
        do throws(StoreError) {
            if now >= nextKeyStep, let ring = storage.keyRing {
                nextKeyStep = try ring.maintain(at: now).nextStepAt ?? .max
                unreadChanges.insert(.signingKeys)
            }
            unreadChanges.formUnion(try storage.changes())
            if unreadChanges.contains(.revocations) { try readRevocations(now: now) }
            if unreadChanges.contains(.signingKeys) { try readKeys(now: now) }
            unreadChanges = []
            if now >= nextPrune {
                nextPrune = now + 600
                revocations.prune(at: now)
                _ = try storage.revocations.removeExpiredRevocations(at: now)
            }
            health.storageFault = nil
        } catch {
            // What is known stays in force: enforcement does not depend on the storage.
            if health.storageFault == nil { logger.error("the storage can't be used: \(error.description)") }
            health.storageFault = error.description
            nextKeyStep = max(nextKeyStep, now + 5)
        }
    }

    private func readRevocations(now: Int64) throws(StoreError) {
        let changes = try storage.revocations.changes(after: revocationPosition, at: now)
        revocationPosition = changes.position
        guard !changes.revocations.isEmpty else { return }
        for revocation in changes.revocations { revocations.insert(revocation) }
        let list = revocations
        forEachContext { $0.apply(list) }
    }

    private func readKeys(now: Int64) throws(StoreError) {
        guard let ring = storage.keyRing else { return }
        let keys = try ring.load()
        nextKeyStep = try ring.maintain(at: now).nextStepAt ?? .max
        if keys.records == ownKeys?.records { return }
        ownKeys = keys
        let verifier = snapshot.verifier(keys)
        let documents = MetadataDocuments(snapshot, keys)
        forEachContext { $0.apply(verifier, documents) }
    }
}
