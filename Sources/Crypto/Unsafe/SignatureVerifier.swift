import COpenSSL

/// Checks the signatures that one key makes with one algorithm.
///
/// Bound to both, so that no message can choose how it is checked. Preparing a context costs 2.5 µs, copying a
/// prepared one 0.3 µs: this is why it keeps a template.
// SAFETY: the template is only read after the initialiser; each check works on a copy of it, and OpenSSL counts what
// copies share atomically.
package final class SignatureVerifier: @unchecked Sendable {
    /// The algorithm it checks.
    package let algorithm: SignatureAlgorithm
    private let scheme: Scheme

    private enum Scheme {
        case hmac(HMACKey)
        case publicKey(template: OpaquePointer, key: PublicKey)
    }

    /// Prepares the checks of a public key.
    /// - Throws: `unsuitableAlgorithm` where the algorithm is not one for this type of key.
    package init(key: PublicKey, algorithm: SignatureAlgorithm) throws(CryptoError) {
        guard algorithm.keyFamily == key.family else { throw .unsuitableAlgorithm(algorithm) }
        guard let template = EVP_MD_CTX_new() else { throw .fromLibrary("EVP_MD_CTX_new") }
        self.algorithm = algorithm
        scheme = .publicKey(template: template, key: key)
        var settings: OpaquePointer?
        guard
            EVP_DigestVerifyInit(template, &settings, algorithm.digest?.handle, nil, key.handle.pointer) == 1,
            !algorithm.usesPSS || SignatureScheme.usePSS(settings)
        else { throw .fromLibrary("EVP_DigestVerifyInit") }
    }

    /// Prepares the checks of a shared secret.
    /// - Throws: `unsuitableAlgorithm`, or `weakKey` for a secret that is shorter than the digest (RFC 7518 §3.2).
    package init(secret: SecretBytes, algorithm: SignatureAlgorithm) throws(CryptoError) {
        guard algorithm.keyFamily == .secret, let digest = algorithm.digest else {
            throw .unsuitableAlgorithm(algorithm)
        }
        guard secret.count >= digest.size else { throw .weakKey(bits: secret.count * 8) }
        self.algorithm = algorithm
        scheme = .hmac(HMACKey(secret, digest: digest))
    }

    deinit {
        if case .publicKey(let template, _) = scheme { EVP_MD_CTX_free(template) }
    }

    /// Whether these bytes, in the form that JOSE gives them, are the key's signature of the message.
    package func isValid(_ signature: UnsafeRawBufferPointer, for message: UnsafeRawBufferPointer) -> Bool {
        switch scheme {
        case .hmac(let key):
            return key.isValid(signature, for: message)
        case .publicKey(let template, let key):
            guard signature.count == key.signatureSize else { return false }
            guard case .ellipticCurve(let curve, _, _) = key.components else {
                return check(signature, message, template)
            }
            return withUnsafeTemporaryAllocation(byteCount: ECDSASignature.maximumDERSize, alignment: 1) { der in
                let size = ECDSASignature.encodeDER(signature, coordinateSize: curve.coordinateSize, into: der)
                guard let size else { return false }
                return check(UnsafeRawBufferPointer(rebasing: der[..<size]), message, template)
            }
        }
    }

    private func check(
        _ signature: UnsafeRawBufferPointer,
        _ message: UnsafeRawBufferPointer,
        _ template: OpaquePointer
    ) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_MD_CTX_copy_ex(context, template) == 1,
            EVP_DigestVerify(
                context,
                signature.bindMemory(to: UInt8.self).baseAddress,
                signature.count,
                message.bindMemory(to: UInt8.self).baseAddress,
                message.count
            ) == 1
        else {
            ERR_clear_error()
            return false
        }
        return true
    }
}

/// What signing and checking have in common.
enum SignatureScheme {
    /// Chooses PSS with a salt as long as the digest, and the same digest for the mask (RFC 7518 §3.5).
    static func usePSS(_ settings: OpaquePointer?) -> Bool {
        EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) > 0
            && EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) > 0
    }
}
