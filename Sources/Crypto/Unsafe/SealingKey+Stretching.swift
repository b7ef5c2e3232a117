import COpenSSL

extension SealingKey {
    /// The shortest text that is stretched into a key, in bytes.
    package static let minimumStretchedSize = 24

    /// A key made of a text that is no key itself: slowly, so that guessing the text is slow as well.
    ///
    /// PBKDF2 with HMAC-SHA-256 (RFC 8018 §5.2). The salt is the same everywhere: there is no place to keep one, and
    /// short texts, for which it would matter most, are refused.
    /// - Throws: `malformedKey` for a text that is too short.
    package init(stretching text: UnsafeRawBufferPointer) throws(CryptoError) {
        guard text.count >= Self.minimumStretchedSize, let count = Int32(exactly: text.count) else {
            throw .malformedKey
        }
        let salt = Array("gatehouse encryption key v1".utf8)
        var bytes = [UInt8](repeating: 0, count: Self.size)
        defer { bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        let isDone =
            PKCS5_PBKDF2_HMAC(
                text.bindMemory(to: CChar.self).baseAddress,
                count,
                salt,
                Int32(salt.count),
                Self.rounds,
                EVP_sha256(),
                Int32(bytes.count),
                &bytes
            ) == 1
        guard isDone else { throw .fromLibrary("PKCS5_PBKDF2_HMAC") }
        try self.init(SecretBytes(copying: bytes))
    }

    private static let rounds: Int32 = 600_000
}
