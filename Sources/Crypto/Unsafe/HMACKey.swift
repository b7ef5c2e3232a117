import COpenSSL

/// A key for HMAC with a digest (RFC 2104), prepared once.
// SAFETY: the template context is only read after the initialiser; each use works on a copy of it.
package final class HMACKey: @unchecked Sendable {
    /// The digest it works with.
    package let digest: DigestAlgorithm
    private let template: OpaquePointer

    /// Prepares a key of at least one byte.
    package init(_ secret: SecretBytes, digest: DigestAlgorithm) {
        self.digest = digest
        let mac = EVP_MAC_fetch(nil, "HMAC", nil)
        guard secret.count > 0, let mac, let context = EVP_MAC_CTX_new(mac) else {
            preconditionFailure("an HMAC key has at least one byte, and a working OpenSSL has HMAC")
        }
        EVP_MAC_free(mac)
        template = context
        var name = Array(digest.rawValue.utf8CString)
        let ready = secret.withUnsafeBytes { secret in
            name.withUnsafeMutableBufferPointer { name in
                let parameters = [
                    OSSL_PARAM_construct_utf8_string(("digest" as StaticString).parameterName, name.baseAddress, 0),
                    OSSL_PARAM_construct_end(),
                ]
                return EVP_MAC_init(context, secret.bindMemory(to: UInt8.self).baseAddress, secret.count, parameters)
            }
        }
        guard ready == 1 else { preconditionFailure("HMAC takes any key") }
    }

    deinit {
        EVP_MAC_CTX_free(template)
    }

    /// The authentication code of a message.
    package func authenticationCode(of message: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: digest.size) { output, count in
            write(message, into: output)
            count = digest.size
        }
    }

    /// Whether `code` is the whole authentication code of the message; compared in constant time.
    package func isValid(_ code: UnsafeRawBufferPointer, for message: UnsafeRawBufferPointer) -> Bool {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: digest.size) { expected in
            write(message, into: expected)
            return ConstantTime.equals(UnsafeRawBufferPointer(expected), code)
        }
    }

    private func write(_ message: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<UInt8>) {
        let context = EVP_MAC_CTX_dup(template)
        defer { EVP_MAC_CTX_free(context) }
        var written = 0
        let bytes = message.bindMemory(to: UInt8.self).baseAddress
        guard EVP_MAC_update(context, bytes, message.count) == 1,
            EVP_MAC_final(context, output.baseAddress, &written, digest.size) == 1, written == digest.size
        else { preconditionFailure("HMAC cannot fail in a working OpenSSL") }
    }
}
