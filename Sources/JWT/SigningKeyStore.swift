import Crypto

/// Where our own signing keys are kept; calls block and belong off the event loops.
///
/// Several processes may share a store, so each operation is one atomic step that changes nothing where another was
/// faster. Deciding what to do when is `SigningKeyRing`'s part.
package protocol SigningKeyStore: Sendable {
    /// All keys: by algorithm, then active, next and retired ones, the newest first.
    func signingKeys() throws(StoreError) -> [SigningKeyRecord]
    /// Adds an active key, unless its algorithm has one; returns whether it did.
    func insertActiveKey(_ record: SigningKeyRecord) throws(StoreError) -> Bool
    /// Adds a next key, unless its algorithm has one; returns whether it did.
    func insertNextKey(_ record: SigningKeyRecord) throws(StoreError) -> Bool
    /// Lets a next key begin to sign at this time rather than later; returns whether it is a next key still.
    func scheduleNextKey(_ keyID: String, activatesAt: Int64) throws(StoreError) -> Bool
    /// Makes a next key the active one and retires its predecessor; returns whether it was a next key still.
    func promoteKey(_ keyID: String, at unixTime: Int64) throws(StoreError) -> Bool
    /// Notes that the key signed a token accepted until then; returns whether the key is still there.
    func extendUse(ofKey keyID: String, until unixTime: Int64) throws(StoreError) -> Bool
    /// Removes a key, in whatever state.
    ///
    /// If it is active, its algorithm's next key takes its place, or `replacement` where there is none.
    /// - Returns: whether it was there.
    func removeKey(
        _ keyID: String,
        replacement: SigningKeyRecord?,
        at unixTime: Int64
    ) throws(StoreError) -> Bool
    /// Removes a retired key unless it turned out to have signed for longer than `signedUntil`; returns whether it did.
    func removeRetiredKey(_ keyID: String, signedUntil: Int64) throws(StoreError) -> Bool
}

extension SigningKeyRecord {
    /// The order in which keys are listed.
    package static func precedes(_ left: SigningKeyRecord, _ right: SigningKeyRecord) -> Bool {
        func rank(_ state: State) -> Int {
            switch state {
            case .active: 0
            case .next: 1
            case .retired: 2
            }
        }
        if left.algorithm != right.algorithm { return left.algorithm.name < right.algorithm.name }
        if left.state != right.state { return rank(left.state) < rank(right.state) }
        if left.createdAt != right.createdAt { return left.createdAt > right.createdAt }
        return left.keyID < right.keyID
    }
}
