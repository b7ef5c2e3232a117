import Locking

/// Where revocations are kept; calls block and belong off the event loops.
package protocol RevocationStore: Sendable {
    /// Adds revocations, all or none; done when they are durable.
    func revoke(_ revocations: [Revocation]) throws(StoreError)
    /// Everything that a token presented at this time could need.
    func revocations(at unixTime: Int64) throws(StoreError) -> RevocationList
    /// Removes what no token can need any more; returns how many.
    func removeExpiredRevocations(at unixTime: Int64) throws(StoreError) -> Int
}

/// Keeps revocations in memory only.
package final class MemoryRevocationStore: RevocationStore {
    private let list = Locked(RevocationList())

    package init() {}

    package func revoke(_ revocations: [Revocation]) throws(StoreError) {
        list.withLock { list in
            for revocation in revocations { list.insert(revocation) }
        }
    }

    package func revocations(at unixTime: Int64) throws(StoreError) -> RevocationList {
        var copy = list.withLock { $0 }
        copy.prune(at: unixTime)
        return copy
    }

    package func removeExpiredRevocations(at unixTime: Int64) throws(StoreError) -> Int {
        list.withLock { list in
            let before = list.count
            list.prune(at: unixTime)
            return before - list.count
        }
    }
}
