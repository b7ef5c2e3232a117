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
        let hash = try Self.compute(password, salt: salt, size: Self.size, parameters)
        text = PasswordHashText.write(parameters, salt: salt, hash: hash)
        self.parameters = parameters
    }

    /// Whether it is the hash of this password; compared in constant time.
    ///
    /// - Throws: `libraryFailure` where there is not enough memory: that says nothing about the password.
    package func matches(_ password: [UInt8]) throws(CryptoError) -> Bool {
        guard let parsed = PasswordHashText(text) else { throw .malformedPasswordHash }
        let hash = try Self.compute(password, salt: parsed.salt, size: parsed.hash.count, parameters)
        return ConstantTime.equals(hash, parsed.hash)
    }

    /// Whether it was made with other parameters than these, and so should be made anew when the password is at hand.
    package func needsRehash(for parameters: PasswordHashParameters) -> Bool { self.parameters != parameters }

    private static func compute(
        _ password: [UInt8],
        salt: [UInt8],
        size: Int,
        _ parameters: PasswordHashParameters
    ) throws(CryptoError) -> [UInt8] {
        var (password, salt) = (password, salt)
        var hash = [UInt8](repeating: 0, count: size)
        let code = password.withUnsafeMutableBufferPointer { password in
            salt.withUnsafeMutableBufferPointer { salt in
                hash.withUnsafeMutableBufferPointer { hash in
                    // SAFETY: the library keeps none of the pointers; with these flags it wipes neither input.
                    var context = argon2_context()
                    (context.out, context.outlen) = (hash.baseAddress, UInt32(hash.count))
                    (context.pwd, context.pwdlen) = (password.baseAddress, UInt32(password.count))
                    (context.salt, context.saltlen) = (salt.baseAddress, UInt32(salt.count))
                    (context.t_cost, context.m_cost) = (parameters.iterations, parameters.memory)
                    (context.lanes, context.threads) = (parameters.parallelism, parameters.parallelism)
                    context.version = ARGON2_VERSION_13.rawValue
                    context.allocate_cbk = { PasswordHashMemory.allocate($0, $1) }
                    context.free_cbk = { PasswordHashMemory.free($0, $1) }
                    return argon2_ctx(&context, Argon2_id)
                }
            }
        }
        guard code == ARGON2_OK.rawValue else {
            throw .libraryFailure(operation: "argon2_ctx", code: UInt(bitPattern: Int(code)))
        }
        return hash
    }

    // Bytes of the hash itself.
    private static let size = 32
}
