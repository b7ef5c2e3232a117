import COpenSSL

/// A certificate for a server that has no other, signed by its own key (P-256).
package struct SelfSignedCertificate: Sendable {
    /// The certificate as PEM text.
    package let certificatePEM: [UInt8]
    /// The private key as PEM text (PKCS#8, not encrypted).
    package let privateKeyPEM: SecretBytes

    /// Makes a certificate for DNS names and IP addresses (RFC 5280 §4.2.1.6), valid from an hour before `now`.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Throws: `malformedName` for a name that is no host name, or an address that is no IP address.
    package static func make(
        names: [String],
        addresses: [String],
        validFor lifetime: Duration,
        now: Int64
    ) throws(CryptoError) -> SelfSignedCertificate {
        let key = try PrivateKey(generating: .ellipticCurve(.p256))
        guard let certificate = X509_new() else { throw .fromLibrary("X509_new") }
        defer { X509_free(certificate) }
        let draft = CertificateDraft(certificate: certificate)
        try draft.add(alternativeNames: names, addresses: addresses)
        // A clock that runs a little behind must not find the certificate not valid yet.
        try draft.describe(
            commonName: names.first ?? "localhost",
            from: now - 3600,
            to: now + lifetime.components.seconds
        )
        try draft.setKey(key)
        try draft.add(NID_basic_constraints, "critical,CA:FALSE")
        try draft.add(NID_key_usage, "critical,digitalSignature")
        try draft.add(NID_ext_key_usage, "serverAuth")
        try draft.add(NID_subject_key_identifier, "hash")
        guard X509_sign(certificate, key.handle.pointer, EVP_sha256()) > 0 else { throw .fromLibrary("X509_sign") }
        return SelfSignedCertificate(
            certificatePEM: try withPEM {
                PEM_write_bio_X509($0, certificate)
            } body: {
                Array($0)
            },
            privateKeyPEM: try withPEM {
                PEM_write_bio_PKCS8PrivateKey($0, key.handle.pointer, nil, nil, 0, nil, nil)
            } body: {
                SecretBytes(copying: $0)
            }
        )
    }

    private static func withPEM<Result>(
        _ write: (OpaquePointer) -> Int32,
        body: (UnsafeRawBufferPointer) -> Result
    ) throws(CryptoError) -> Result {
        // Secure memory is wiped when the BIO is freed; it holds a private key.
        guard let output = BIO_new(BIO_s_secmem()) else { throw .fromLibrary("BIO_new") }
        defer { BIO_free(output) }
        guard write(output) == 1 else { throw .fromLibrary("PEM_write_bio") }
        var start: UnsafeMutablePointer<CChar>?
        let count = BIO_ctrl(output, BIO_CTRL_INFO, 0, &start)
        guard count > 0, let start else { throw .fromLibrary("BIO_get_mem_data") }
        return body(UnsafeRawBufferPointer(start: start, count: count))
    }
}

/// A certificate that is being filled in.
private struct CertificateDraft {
    let certificate: OpaquePointer

    func describe(commonName: String, from start: Int64, to end: Int64) throws(CryptoError) {
        var serial = SecureRandom.bytes(count: 16)
        // RFC 5280 §4.1.2.2: positive, and without a leading zero byte it has its full length.
        serial[0] = serial[0] & 0x7F | 0x40
        let number = BN_bin2bn(serial, Int32(serial.count), nil)
        defer { BN_free(number) }
        let subject = X509_get_subject_name(certificate)
        // RFC 5280 appendix A.1: a common name has at most 64 characters; the alternative names count.
        let name = Array(commonName.utf8.prefix(64))
        guard X509_set_version(certificate, 2) == 1,
            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil,
            ASN1_TIME_set(X509_getm_notBefore(certificate), Int(start)) != nil,
            ASN1_TIME_set(X509_getm_notAfter(certificate), Int(end)) != nil,
            X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name, Int32(name.count), -1, 0) == 1,
            X509_set_issuer_name(certificate, subject) == 1
        else { throw .fromLibrary("X509 fields") }
    }

    func setKey(_ key: PrivateKey) throws(CryptoError) {
        guard X509_set_pubkey(certificate, key.handle.pointer) == 1 else { throw .fromLibrary("X509_set_pubkey") }
    }

    /// Adds an extension whose value is one of our own literals.
    func add(_ identifier: Int32, _ value: StaticString) throws(CryptoError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, certificate, certificate, nil, nil, 0)
        guard let made = X509V3_EXT_conf_nid(nil, &context, identifier, value.description) else {
            throw .fromLibrary("X509V3_EXT_conf_nid")
        }
        defer { X509_EXTENSION_free(made) }
        guard X509_add_ext(certificate, made, -1) == 1 else { throw .fromLibrary("X509_add_ext") }
    }

    /// Adds the alternative names one by one; as one text, a comma in a name would make two of it.
    func add(alternativeNames names: [String], addresses: [String]) throws(CryptoError) {
        guard let list = GENERAL_NAMES_new() else { throw .fromLibrary("GENERAL_NAMES_new") }
        defer { GENERAL_NAMES_free(list) }
        for name in names {
            guard isHostName(name) else { throw .malformedName(name) }
            guard append(GEN_DNS, ASN1_IA5STRING_new(), Array(name.utf8), to: list) else {
                throw .fromLibrary("GENERAL_NAME")
            }
        }
        for address in addresses {
            guard let octets = a2i_IPADDRESS(address) else {
                ERR_clear_error()
                throw .malformedName(address)
            }
            defer { ASN1_OCTET_STRING_free(octets) }
            let bytes = Array(
                UnsafeBufferPointer(start: ASN1_STRING_get0_data(octets), count: Int(ASN1_STRING_length(octets)))
            )
            guard append(GEN_IPADD, ASN1_OCTET_STRING_new(), bytes, to: list) else {
                throw .fromLibrary("GENERAL_NAME")
            }
        }
        guard X509_add1_ext_i2d(certificate, NID_subject_alt_name, UnsafeMutableRawPointer(list), 0, 0) == 1 else {
            throw .fromLibrary("X509_add1_ext_i2d")
        }
    }

    private func append(
        _ kind: Int32,
        _ value: UnsafeMutablePointer<ASN1_STRING>?,
        _ bytes: [UInt8],
        to list: OpaquePointer
    ) -> Bool {
        guard let value, let name = GENERAL_NAME_new(), ASN1_STRING_set(value, bytes, Int32(bytes.count)) == 1 else {
            return false
        }
        GENERAL_NAME_set0_value(name, kind, value)
        return OPENSSL_sk_push(list, name) > 0
    }

    /// Letters, digits, hyphens, underscores and dots, and one `*` for the leftmost label.
    private func isHostName(_ name: String) -> Bool {
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard name.utf8.count <= 253 else { return false }
        return labels.enumerated().allSatisfy { index, label in
            if index == 0, labels.count > 1, label.elementsEqual("*".utf8) { return true }
            return (1...63).contains(label.count)
                && label.allSatisfy {
                    switch $0 {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
                    default: false
                    }
                }
        }
    }
}
