import COpenSSL

/// A parsed certificate chain with its key.
///
/// SAFETY: `@unchecked Sendable`, since the OpenSSL objects are only read after `init` and their counts are atomic.
package final class ServerCertificate: @unchecked Sendable {
    /// The DNS names in its subjectAltName, in lower case; a wildcard begins with `*.`.
    package let names: [String]
    /// Seconds since 1970 after which clients refuse it.
    package let expiresAt: Int64

    let leaf: OpaquePointer
    let issuers: [OpaquePointer]
    let privateKey: OpaquePointer

    /// - Throws: `TLSError.unreadableCertificate`, `.unreadablePrivateKey` or `.keyMismatch`.
    package init(_ certificate: TLSConfiguration.Certificate) throws(TLSError) {
        let chain = Self.readChain(certificate.chainPEM)
        guard let leaf = chain.first else { throw .unreadableCertificate(OpenSSLError.take()) }
        ERR_clear_error()
        guard let privateKey = Self.readKey(certificate.privateKeyPEM) else {
            for certificate in chain { X509_free(certificate) }
            throw .unreadablePrivateKey(OpenSSLError.take())
        }
        self.leaf = leaf
        self.privateKey = privateKey
        issuers = Array(chain.dropFirst())
        names = Self.names(of: leaf)
        expiresAt = Self.expiry(of: leaf)
        guard X509_check_private_key(leaf, privateKey) == 1 else {
            ERR_clear_error()
            throw .keyMismatch
        }
    }

    deinit {
        X509_free(leaf)
        for issuer in issuers { X509_free(issuer) }
        EVP_PKEY_free(privateKey)
    }

    private static func readChain(_ pem: [UInt8]) -> [OpaquePointer] {
        ERR_clear_error()
        guard let bio = BIO_new_mem_buf(pem, Int32(clamping: pem.count)) else { return [] }
        defer { BIO_free(bio) }
        var chain: [OpaquePointer] = []
        while let certificate = PEM_read_bio_X509(bio, nil, refusePassphrase, nil) { chain.append(certificate) }
        return chain
    }

    private static func readKey(_ pem: [UInt8]) -> OpaquePointer? {
        guard let bio = BIO_new_mem_buf(pem, Int32(clamping: pem.count)) else { return nil }
        defer { BIO_free(bio) }
        return PEM_read_bio_PrivateKey(bio, nil, refusePassphrase, nil)
    }

    private static func names(of certificate: OpaquePointer) -> [String] {
        guard let extensionData = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let list = OpaquePointer(extensionData)
        defer { GENERAL_NAMES_free(list) }
        var names: [String] = []
        for index in 0..<copenssl_stack_count(list) {
            guard let name = copenssl_dns_name(copenssl_stack_value(list, index)),
                let bytes = ASN1_STRING_get0_data(name)
            else { continue }
            let text = UnsafeBufferPointer(start: bytes, count: Int(ASN1_STRING_length(name)))
            names.append(String(decoding: text, as: UTF8.self).lowercased())
        }
        return names
    }

    private static func expiry(of certificate: OpaquePointer) -> Int64 {
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard let epoch = ASN1_TIME_set(nil, 0) else { return 0 }
        defer { ASN1_STRING_free(epoch) }
        guard ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate)) == 1 else { return 0 }
        return Int64(days) * 86_400 + Int64(seconds)
    }
}

/// Without it OpenSSL asks for a pass phrase on the terminal.
private let refusePassphrase:
    @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 =
        { _, _, _, _ in -1 }
