import COpenSSL

/// A private key; leaves memory as PKCS#8 only, and never prints itself.
package final class PrivateKey: Sendable {
    /// The kinds of key that Gatehouse makes for itself.
    package enum Kind: Sendable, Hashable {
        case rsa(bits: Int)
        case ellipticCurve(EllipticCurve)
        case ed25519
    }

    /// The public half.
    package let publicKey: PublicKey
    let handle: KeyHandle

    /// Makes a new key; an RSA key takes some tenths of a second.
    package init(generating kind: Kind) throws(CryptoError) {
        handle = try Self.generate(kind)
        publicKey = try PublicKey(try handle.publicComponents())
    }

    /// Reads a key from its PKCS#8 DER form (RFC 5208 §5), not encrypted.
    /// - Throws: `malformedKey`, `unsupportedKey`, `weakKey`.
    package init(pkcs8: SecretBytes) throws(CryptoError) {
        let parsed: OpaquePointer? = pkcs8.withUnsafeBytes { bytes in
            var cursor = bytes.bindMemory(to: UInt8.self).baseAddress
            guard let start = cursor, let info = d2i_PKCS8_PRIV_KEY_INFO(nil, &cursor, bytes.count) else { return nil }
            defer { PKCS8_PRIV_KEY_INFO_free(info) }
            // A key with other bytes behind it is not the key that was written.
            guard let cursor, cursor - start == bytes.count else { return nil }
            return EVP_PKCS82PKEY(info)
        }
        guard let parsed else {
            ERR_clear_error()
            throw .malformedKey
        }
        handle = KeyHandle(owning: parsed)
        publicKey = try PublicKey(try handle.publicComponents())
    }

    /// The PKCS#8 DER form, not encrypted.
    package func pkcs8() throws(CryptoError) -> SecretBytes {
        guard let info = EVP_PKEY2PKCS8(handle.pointer) else { throw .fromLibrary("EVP_PKEY2PKCS8") }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        var encoded: UnsafeMutablePointer<UInt8>?
        let size = i2d_PKCS8_PRIV_KEY_INFO(info, &encoded)
        guard size > 0, let encoded else { throw .fromLibrary("i2d_PKCS8_PRIV_KEY_INFO") }
        defer { CRYPTO_clear_free(encoded, Int(size), nil, 0) }
        return SecretBytes(copying: UnsafeRawBufferPointer(start: encoded, count: Int(size)))
    }

    /// Signs a message; the signature has the form that JOSE gives it.
    /// - Throws: `unsuitableAlgorithm` where the algorithm is not one for this type of key.
    package func signature(
        of message: UnsafeRawBufferPointer,
        algorithm: SignatureAlgorithm
    ) throws(CryptoError) -> [UInt8] {
        guard algorithm.keyFamily == publicKey.family else { throw .unsuitableAlgorithm(algorithm) }
        guard let context = EVP_MD_CTX_new() else { throw .fromLibrary("EVP_MD_CTX_new") }
        defer { EVP_MD_CTX_free(context) }
        var settings: OpaquePointer?
        guard
            EVP_DigestSignInit(context, &settings, algorithm.digest?.handle, nil, handle.pointer) == 1,
            !algorithm.usesPSS || SignatureScheme.usePSS(settings)
        else { throw .fromLibrary("EVP_DigestSignInit") }
        // An ECDSA signature in DER is longer than the JOSE form, an RSA one as long.
        var size = max(publicKey.signatureSize, ECDSASignature.maximumDERSize)
        var signature = [UInt8](repeating: 0, count: size)
        let start = message.bindMemory(to: UInt8.self).baseAddress
        guard EVP_DigestSign(context, &signature, &size, start, message.count) == 1 else {
            throw .fromLibrary("EVP_DigestSign")
        }
        signature.removeLast(signature.count - size)
        guard case .ellipticCurve(let curve) = algorithm.keyFamily else { return signature }
        let raw = signature.withUnsafeBytes {
            ECDSASignature.decodeDER($0, coordinateSize: curve.coordinateSize)
        }
        guard let raw else { throw .libraryFailure(operation: "ECDSA signature form", code: 0) }
        return raw
    }

    private static func generate(_ kind: Kind) throws(CryptoError) -> KeyHandle {
        let context: OpaquePointer? =
            switch kind {
            case .rsa: EVP_PKEY_CTX_new_from_name(nil, "RSA", nil)
            case .ellipticCurve: EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
            case .ed25519: EVP_PKEY_CTX_new_from_name(nil, "ED25519", nil)
            }
        defer { EVP_PKEY_CTX_free(context) }
        var ready = context != nil && EVP_PKEY_keygen_init(context) == 1
        switch kind {
        case .rsa(let bits):
            guard bits >= PublicKeyComponents.minimumModulusBits else { throw .weakKey(bits: bits) }
            guard bits <= PublicKeyComponents.maximumModulusBits else { throw .oversizedKey(bits: bits) }
            ready = ready && EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)) > 0
        case .ellipticCurve(let curve):
            ready = ready && EVP_PKEY_CTX_set_group_name(context, curve.rawValue) > 0
        case .ed25519:
            break
        }
        var pointer: OpaquePointer?
        guard ready, EVP_PKEY_generate(context, &pointer) == 1, let pointer else {
            throw .fromLibrary("EVP_PKEY_generate")
        }
        return KeyHandle(owning: pointer)
    }
}
