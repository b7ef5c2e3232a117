/// A server's certificates and the versions it speaks.
package struct TLSConfiguration: Sendable {
    /// A certificate with its private key, both in PEM.
    package struct Certificate: Sendable {
        /// The server's certificate first, then its issuers.
        package var chainPEM: [UInt8]
        package var privateKeyPEM: [UInt8]

        package init(chainPEM: [UInt8], privateKeyPEM: [UInt8]) {
            self.chainPEM = chainPEM
            self.privateKeyPEM = privateKeyPEM
        }
    }

    /// A TLS protocol version.
    package enum Version: Sendable {
        case v1_2
        case v1_3
    }

    /// The first is for clients that send no name or one that no certificate has.
    package var certificates: [Certificate]
    package var minimumVersion: Version
    /// The application protocols offered, the preferred first (RFC 7301).
    package var applicationProtocols: [String]

    package init(
        certificates: [Certificate],
        minimumVersion: Version = .v1_2,
        applicationProtocols: [String] = ["http/1.1"]
    ) {
        self.certificates = certificates
        self.minimumVersion = minimumVersion
        self.applicationProtocols = applicationProtocols
    }
}
