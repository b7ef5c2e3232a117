/// Why a store did not do what it was asked.
package enum StoreError: Error, Equatable, Sendable {
    /// The storage cannot be reached, opened or written now; the text is for the log.
    case unavailable(String)
    /// What is stored is not what was written there; the text is for the log.
    case corrupt(String)
    /// A newer version of Gatehouse wrote the storage.
    case newerSchema
    /// A signing key does not open with this encryption key.
    case unreadableKey(keyID: String)
    /// A key could not be made or used; the text is for the log.
    case cryptography(String)
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let detail): "the storage is not available: \(detail)"
        case .corrupt(let detail): "the storage is damaged: \(detail)"
        case .newerSchema: "the storage was written by a newer version of Gatehouse"
        case .unreadableKey(let keyID):
            "the signing key \(keyID) does not open with this encryption key; put the old encryption key back"
        case .cryptography(let detail): "a signing key could not be made or used: \(detail)"
        }
    }
}
