import COpenSSL

/// The digests of the SHA-2 family that JOSE uses (FIPS 180-4).
package enum DigestAlgorithm: String, Sendable, Hashable {
    case sha256 = "SHA256"
    case sha384 = "SHA384"
    case sha512 = "SHA512"

    /// The size of its value in bytes.
    package var size: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }
}

/// One-shot digests.
package enum Digest {
    /// The digest of the bytes.
    package static func digest(_ bytes: UnsafeRawBufferPointer, _ algorithm: DigestAlgorithm) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: algorithm.size) { output, count in
            // SAFETY: the output holds `size` bytes, as many as the digest writes.
            guard EVP_Digest(bytes.baseAddress, bytes.count, output.baseAddress, nil, algorithm.handle, nil) == 1 else {
                preconditionFailure("SHA-2 cannot fail in a working OpenSSL")
            }
            count = algorithm.size
        }
    }

    /// The SHA-1 digest of the bytes, for the handshake of WebSockets alone, where nothing depends on its strength.
    package static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 20) { output, count in
            // SAFETY: the output holds 20 bytes, as many as the digest writes.
            guard EVP_Digest(bytes, bytes.count, output.baseAddress, nil, EVP_sha1(), nil) == 1 else {
                preconditionFailure("SHA-1 cannot fail in a working OpenSSL")
            }
            count = 20
        }
    }

    /// The SHA-256 digest of the bytes.
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { digest($0, .sha256) }
    }

    /// The SHA-256 digest of the string's UTF-8 form.
    package static func sha256(_ text: String) -> [UInt8] {
        sha256(Array(text.utf8))
    }
}

extension DigestAlgorithm {
    /// OpenSSL's static description.
    var handle: OpaquePointer? {
        switch self {
        case .sha256: EVP_sha256()
        case .sha384: EVP_sha384()
        case .sha512: EVP_sha512()
        }
    }
}
