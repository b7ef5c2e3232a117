import Crypto
import Locking

/// Keeps signing keys in memory only: every start makes new ones.
package final class MemorySigningKeyStore: SigningKeyStore {
    private let records = Locked<[SigningKeyRecord]>([])

    package init() {}

    package func signingKeys() throws(StoreError) -> [SigningKeyRecord] {
        records.withLock { $0.sorted(by: SigningKeyRecord.precedes) }
    }

    package func insertActiveKey(_ record: SigningKeyRecord) throws(StoreError) -> Bool {
        records.withLock { $0.insert(record, as: .active) }
    }

    package func insertNextKey(_ record: SigningKeyRecord) throws(StoreError) -> Bool {
        records.withLock { $0.insert(record, as: .next) }
    }

    package func scheduleNextKey(_ keyID: String, activatesAt: Int64) throws(StoreError) -> Bool {
        records.withLock { records in
            guard let index = records.index(of: keyID, in: .next) else { return false }
            records[index].activatesAt = min(records[index].activatesAt, activatesAt)
            return true
        }
    }

    package func promoteKey(_ keyID: String, at unixTime: Int64) throws(StoreError) -> Bool {
        records.withLock { records in
            guard let index = records.index(of: keyID, in: .next) else { return false }
            records.promote(index, at: unixTime)
            return true
        }
    }

    package func extendUse(ofKey keyID: String, until unixTime: Int64) throws(StoreError) -> Bool {
        records.withLock { records in
            guard let index = records.firstIndex(where: { $0.keyID == keyID }) else { return false }
            records[index].signedUntil = max(records[index].signedUntil, unixTime)
            return true
        }
    }

    package func removeKey(
        _ keyID: String,
        replacement: SigningKeyRecord?,
        at unixTime: Int64
    ) throws(StoreError) -> Bool {
        records.withLock { records in
            guard let index = records.firstIndex(where: { $0.keyID == keyID }) else { return false }
            let removed = records.remove(at: index)
            guard removed.state == .active else { return true }
            if let next = records.firstIndex(where: { $0.algorithm == removed.algorithm && $0.state == .next }) {
                records.promote(next, at: unixTime)
            } else if let replacement, replacement.algorithm == removed.algorithm {
                _ = records.insert(replacement, as: .active)
            }
            return true
        }
    }

    package func removeRetiredKey(_ keyID: String, signedUntil: Int64) throws(StoreError) -> Bool {
        records.withLock { records in
            guard let index = records.index(of: keyID, in: .retired), records[index].signedUntil <= signedUntil else {
                return false
            }
            records.remove(at: index)
            return true
        }
    }
}

extension [SigningKeyRecord] {
    fileprivate func index(of keyID: String, in state: SigningKeyRecord.State) -> Int? {
        firstIndex { $0.keyID == keyID && $0.state == state }
    }

    fileprivate mutating func insert(_ record: SigningKeyRecord, as state: SigningKeyRecord.State) -> Bool {
        guard !contains(where: { $0.algorithm == record.algorithm && $0.state == state }) else { return false }
        var record = record
        record.state = state
        append(record)
        return true
    }

    fileprivate mutating func promote(_ index: Int, at unixTime: Int64) {
        for other in indices where self[other].algorithm == self[index].algorithm && self[other].state == .active {
            self[other].state = .retired
            self[other].retiredAt = unixTime
        }
        self[index].state = .active
        self[index].activatesAt = unixTime
    }
}
