/// Why a TLS server can't be set up.
package enum TLSError: Error, Equatable, Sendable {
    /// The text is not a PEM certificate chain; the payload is OpenSSL's reason.
    case unreadableCertificate(String)
    /// The text is not a PEM private key, or it is encrypted.
    case unreadablePrivateKey(String)
    /// The private key is not the certificate's.
    case keyMismatch
    /// There must be at least one certificate.
    case noCertificate
    /// OpenSSL refused a setting; the payload is its reason.
    case setup(String)
}

extension TLSError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadableCertificate(let reason): "the certificate can't be read: \(reason)"
        case .unreadablePrivateKey(let reason): "the private key can't be read: \(reason)"
        case .keyMismatch: "the private key does not belong to the certificate"
        case .noCertificate: "there is no certificate"
        case .setup(let reason): "TLS can't be set up: \(reason)"
        }
    }
}
