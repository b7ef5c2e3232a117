/// What can go wrong with keys, sealed data and certificates.
package enum CryptoError: Error, Equatable, Sendable {
    /// The numbers or bytes are not a key of this type.
    case malformedKey
    /// The key type or curve is not one that Gatehouse uses.
    case unsupportedKey
    /// The key is too short to be safe; the payload is its size in bits.
    case weakKey(bits: Int)
    /// The key is longer than is sensible: using it would cost too much; the payload is its size in bits.
    case oversizedKey(bits: Int)
    /// The algorithm is not one for this type of key.
    case unsuitableAlgorithm(SignatureAlgorithm)
    /// The sealed bytes were changed, belong to another context, or were sealed with another key.
    case notAuthentic
    /// A name or address cannot stand in a certificate.
    case malformedName(String)
    /// The text is no hash of a password, or asks for more than may be spent on one.
    case malformedPasswordHash
    /// OpenSSL or libargon2 refused an operation that should not fail.
    case libraryFailure(operation: String, code: UInt)
}
