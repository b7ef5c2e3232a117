import Dispatch
import JWT
import OAuthWeb
import SQLiteStore
import Transport

/// What is kept in memory of the storage, and how it stays up to date; all of it on the control queue.
extension GatewayServer {
    /// How often the storage is asked whether another process has changed it.
    private static let storageInterval = DispatchTimeInterval.milliseconds(200)

    /// Begins what is done again and again: looking at the storage, cleaning, sampling.
    func startTimers() {
        addTimer(every: Self.storageInterval) { [weak self] in self?.lookAtStorage() }
        addTimer(every: .seconds(1)) { [weak self] in
            guard let self, let resident = ProcessMemory.residentByteCount else { return }
            let isTime = memory.shouldGiveBack(
                openConnections: census.openCount,
                resident: resident,
                now: SystemClock.unixTime()
            )
            if isTime { ProcessMemory.giveBack() }
        }
        addTimer(every: .seconds(60)) { [weak self] in
            guard let self else { return }
            history.sample(unixTime: SystemClock.unixTime())
            authorization?.sweep()
        }
        authorization?.revocations.onWaiting { [weak self] in
            guard let self else { return }
            queue.async { self.applyWaitingRevocations() }
        }
    }

    private func addTimer(every interval: DispatchTimeInterval, _ work: @escaping @Sendable () -> Void) {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + interval, repeating: interval, leeway: .milliseconds(20))
        timer.setEventHandler(handler: work)
        timer.resume()
        timers.append(timer)
    }

    /// Does what is due and takes over what anyone has changed.
    private func lookAtStorage() {
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
        var list = revocations
        for revocation in changes.revocations { list.insert(revocation) }
        // Those of this process count already.
        if list != revocations { takeOver(list) }
    }

    /// Applies what this process has revoked itself, without waiting for the next look at the storage.
    private func applyWaitingRevocations() {
        guard let batch = authorization?.revocations.take() else { return }
        var list = revocations
        for revocation in batch.revocations { list.insert(revocation) }
        takeOver(list) { batch.finish() }
    }

    private func takeOver(_ list: RevocationList, completion: @escaping @Sendable () -> Void = {}) {
        revocations = list
        authorization?.tokens.update(revocations: list)
        forEachContext({ $0.apply(list) }, completion: completion)
    }

    private func readKeys(now: Int64) throws(StoreError) {
        guard let ring = storage.keyRing else { return }
        let keys = try ring.load()
        nextKeyStep = try ring.maintain(at: now).nextStepAt ?? .max
        if keys.records == ownKeys?.records { return }
        ownKeys = keys
        authorization?.tokens.update(keys: keys)
        let verifier = snapshot.verifier(keys)
        let documents = MetadataDocuments(snapshot, keys, authorization?.metadata(for: snapshot))
        forEachContext { $0.apply(verifier, documents) }
    }
}
