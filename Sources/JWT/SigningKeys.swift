import Crypto

/// Our own signing keys at one moment: what signs, and what checks.
package struct SigningKeys: Sendable {
    /// The records they came from, in the order of the store.
    package let records: [SigningKeyRecord]
    /// The keys that check our tokens, published by `publicJSON()`: active, next and retired ones.
    package let verificationKeys: JSONWebKeySet
    private let signers: [TokenSigner]

    init(_ keys: [(record: SigningKeyRecord, key: SigningKey, verificationKey: JSONWebKey)]) {
        records = keys.map(\.record)
        verificationKeys = JSONWebKeySet(keys: keys.map(\.verificationKey))
        signers = keys.filter { $0.record.state == .active }.map { TokenSigner($0.key) }
    }

    /// What signs with this algorithm now.
    package func signer(_ algorithm: SignatureAlgorithm) -> TokenSigner? {
        signers.first { $0.algorithm == algorithm }
    }
}
