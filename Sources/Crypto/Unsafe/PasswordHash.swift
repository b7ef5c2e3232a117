import CArgon2

/// A password's hash: Argon2id with a salt of its own (RFC 9106), as a PHC string.
///
/// Making or comparing one takes tens of milliseconds and as much memory as its parameters say: never on an event loop.
package struct PasswordHash: Sendable {
    /// The PHC string, for storing.
    package let text: String
    /// What it cost to make.
    package let parameters: PasswordHashParameters

    /// Reads a stored hash.
    ///
    /// - Throws: `malformedPasswordHash` unless it is Argon2id, version 19, with parameters within bounds.
    package init(_ text: String) throws(CryptoError) {
        guard let parsed = PasswordHashText(text) else { throw .malformedPasswordHash }
        self.text = text
        parameters = parsed.parameters
    }

    /// Hashes a password with a salt, which must be random and used for nothing else.
    ///
    /// - Throws: `malformedPasswordHash` for parameters out of bounds or a salt of fewer than 8 bytes; `libraryFailure`
    ///   where there is not enough memory.
    package init(
        of password: [UInt8],
        parameters: PasswordHashParameters = PasswordHashParameters(),
        salt: [UInt8] = SecureRandom.bytes(count: 16)
    ) throws(CryptoError) {
        guard parameters.isBounded, (8...64).contains(salt.count) else { throw .malformedPasswordHash }
        let capacity = argon2_encodedlen(
            parameters.iterations,
            parameters.memory,
            parameters.parallelism,
            UInt32(salt.count),
            UInt32(Self.size),
            Argon2_id
        )
        // SAFETY: the library writes at most `capacity` bytes, the zero at the end included.
        var encoded = [CChar](repeating: 0, count: capacity)
        let code = argon2id_hash_encoded(
            parameters.iterations,
            parameters.memory,
            parameters.parallelism,
            password,
            password.count,
            salt,
            salt.count,
            Self.size,
            &encoded,
            encoded.count
        )
        guard code == ARGON2_OK.rawValue else { throw .fromArgon2("argon2id_hash_encoded", code) }
        text = String(decoding: encoded.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        self.parameters = parameters
    }

    /// Whether it is the hash of this password; compared in constant time.
    ///
    /// - Throws: `libraryFailure` where there is not enough memory: that says nothing about the password.
    package func matches(_ password: [UInt8]) throws(CryptoError) -> Bool {
        switch argon2id_verify(text, password, password.count) {
        case ARGON2_OK.rawValue: return true
        case ARGON2_VERIFY_MISMATCH.rawValue: return false
        case let code: throw .fromArgon2("argon2id_verify", code)
        }
    }

    /// Whether it was made with other parameters than these, and so should be made anew when the password is at hand.
    package func needsRehash(for parameters: PasswordHashParameters) -> Bool { self.parameters != parameters }

    // Bytes of the hash itself.
    private static let size = 32
}

extension CryptoError {
    private static let decodingFailures = [ARGON2_DECODING_FAIL.rawValue, ARGON2_DECODING_LENGTH_FAIL.rawValue]

    fileprivate static func fromArgon2(_ operation: StaticString, _ code: Int32) -> CryptoError {
        if decodingFailures.contains(code) { return .malformedPasswordHash }
        return .libraryFailure(operation: operation.description, code: UInt(bitPattern: Int(code)))
    }
}
