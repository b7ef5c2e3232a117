import COpenSSL

/// A key that seals bytes with AES-256-GCM: nobody without it can read or change them.
///
/// The sealed form is a version byte, a random 96-bit nonce, the ciphertext and a 128-bit tag (NIST SP 800-38D §8.2.2).
package struct SealingKey: Sendable {
    private let key: SecretBytes

    /// The size of the key in bytes.
    package static let size = 32

    /// Takes a key of exactly 32 bytes.
    /// - Throws: `malformedKey` for another size.
    package init(_ key: SecretBytes) throws(CryptoError) {
        guard key.count == Self.size else { throw .malformedKey }
        self.key = key
    }

    /// A new random key.
    package init() {
        key = SecretBytes(randomCount: Self.size)
    }

    /// A key of its own for one purpose, so that what was sealed for one cannot be opened for another.
    ///
    /// This is HKDF's expand step (RFC 5869 §2.3) for one block; the key is uniformly random already.
    package func derived(for purpose: StaticString) -> SealingKey {
        SealingKey(derived: derivedSecret(for: purpose))
    }

    /// 32 secret bytes for one purpose that is no sealing, such as an HMAC key.
    package func derivedSecret(for purpose: StaticString) -> SecretBytes {
        let mac = HMACKey(key, digest: .sha256)
        var info = purpose.withUTF8Buffer { Array($0) }
        info.append(1)
        return SecretBytes(copying: info.withUnsafeBytes { mac.authenticationCode(of: $0) })
    }

    private init(derived key: SecretBytes) {
        self.key = key
    }

    /// Seals bytes; they open only with the same context, such as the id of the row they stand in.
    package func seal(_ plaintext: UnsafeRawBufferPointer, context: [UInt8]) throws(CryptoError) -> [UInt8] {
        let nonce = SecureRandom.bytes(count: Self.nonceSize)
        var sealed = [Self.version] + nonce
        let cipher = try makeCipher(nonce: nonce, context: context, encrypts: true)
        defer { EVP_CIPHER_CTX_free(cipher) }
        var output = [UInt8](repeating: 0, count: plaintext.count)
        var tag = [UInt8](repeating: 0, count: Self.tagSize)
        guard update(cipher, plaintext, into: &output), finish(cipher),
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, Int32(Self.tagSize), &tag) == 1
        else { throw .fromLibrary("AES-256-GCM") }
        sealed += output
        sealed += tag
        return sealed
    }

    /// Opens sealed bytes.
    /// - Throws: `notAuthentic` unless they are just what this key sealed in this context.
    package func open(_ sealed: [UInt8], context: [UInt8]) throws(CryptoError) -> SecretBytes {
        let overhead = 1 + Self.nonceSize + Self.tagSize
        guard sealed.count >= overhead, sealed[0] == Self.version else { throw .notAuthentic }
        let body = 1 + Self.nonceSize
        let nonce = Array(sealed[1..<body])
        var tag = Array(sealed.suffix(Self.tagSize))
        let cipher = try makeCipher(nonce: nonce, context: context, encrypts: false)
        defer { EVP_CIPHER_CTX_free(cipher) }
        var output = [UInt8](repeating: 0, count: sealed.count - overhead)
        defer { output.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        let opened = sealed.withUnsafeBytes { bytes in
            let ciphertext = UnsafeRawBufferPointer(rebasing: bytes[body..<bytes.count - Self.tagSize])
            return update(cipher, ciphertext, into: &output)
                && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, Int32(Self.tagSize), &tag) == 1
                && finish(cipher)
        }
        guard opened else {
            ERR_clear_error()
            throw .notAuthentic
        }
        return SecretBytes(copying: output)
    }

    private func makeCipher(
        nonce: [UInt8],
        context: [UInt8],
        encrypts: Bool
    ) throws(CryptoError) -> OpaquePointer {
        guard let cipher = EVP_CIPHER_CTX_new() else { throw .fromLibrary("EVP_CIPHER_CTX_new") }
        let ready = key.withUnsafeBytes { key in
            let key = key.bindMemory(to: UInt8.self).baseAddress
            return EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nonce, encrypts ? 1 : 0) == 1
        }
        var length: Int32 = 0
        guard ready, EVP_CipherUpdate(cipher, nil, &length, context, Int32(context.count)) == 1 else {
            EVP_CIPHER_CTX_free(cipher)
            throw .fromLibrary("EVP_CipherInit_ex")
        }
        return cipher
    }

    private func update(_ cipher: OpaquePointer, _ input: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Bool {
        guard let count = Int32(exactly: input.count) else { return false }
        guard count > 0 else { return true }
        var length: Int32 = 0
        let bytes = input.bindMemory(to: UInt8.self).baseAddress
        return EVP_CipherUpdate(cipher, &output, &length, bytes, count) == 1 && length == count
    }

    private func finish(_ cipher: OpaquePointer) -> Bool {
        // GCM writes nothing here, but the library wants somewhere to write.
        var length: Int32 = 0
        var block = [UInt8](repeating: 0, count: 16)
        return EVP_CipherFinal_ex(cipher, &block, &length) == 1 && length == 0
    }

    private static let version: UInt8 = 1
    private static let nonceSize = 12
    private static let tagSize = 16
}
