import Locking

/// Where revocations are kept; calls block and belong off the event loops.
package protocol RevocationStore: Sendable {
    /// Adds revocations, all or none; done when they are durable.
    func revoke(_ revocations: [Revocation]) throws(StoreError)
    /// What a token presented at this time could need: all of it, or what came after a position.
    ///
    /// A revocation whose expiry was moved comes again.
    func changes(after position: Int64?, at unixTime: Int64) throws(StoreError) -> RevocationChanges
    /// Removes what no token can need any more; returns how many.
    func removeExpiredRevocations(at unixTime: Int64) throws(StoreError) -> Int
}

extension RevocationStore {
    /// Everything that a token presented at this time could need.
    package func revocations(at unixTime: Int64) throws(StoreError) -> RevocationList {
        RevocationList(try changes(after: nil, at: unixTime).revocations)
    }
}

/// Revocations that a reader did not have yet.
package struct RevocationChanges: Sendable, Equatable {
    /// In no order.
    package var revocations: [Revocation]
    /// Where to go on from.
    package var position: Int64

    package init(revocations: [Revocation], position: Int64) {
        self.revocations = revocations
        self.position = position
    }
}

/// Keeps revocations in memory only.
package final class MemoryRevocationStore: RevocationStore {
    private struct State {
        var entries: [Revocation.Subject: (expiresAt: Int64, position: Int64)] = [:]
        var position: Int64 = 0
    }

    private let state = Locked(State())

    package init() {}

    package func revoke(_ revocations: [Revocation]) throws(StoreError) {
        state.withLock { state in
            for revocation in revocations {
                if let known = state.entries[revocation.subject], known.expiresAt >= revocation.expiresAt { continue }
                state.position += 1
                state.entries[revocation.subject] = (revocation.expiresAt, state.position)
            }
        }
    }

    package func changes(after position: Int64?, at unixTime: Int64) throws(StoreError) -> RevocationChanges {
        state.withLock { state in
            let new = state.entries.filter { $0.value.expiresAt >= unixTime && $0.value.position > position ?? 0 }
            return RevocationChanges(
                revocations: new.map { Revocation($0.key, expiresAt: $0.value.expiresAt) },
                position: state.position
            )
        }
    }

    package func removeExpiredRevocations(at unixTime: Int64) throws(StoreError) -> Int {
        state.withLock { state in
            let before = state.entries.count
            state.entries = state.entries.filter { $0.value.expiresAt >= unixTime }
            return before - state.entries.count
        }
    }
}
