import Bytes
import Crypto

/// A signing key as it is stored: the key itself sealed.
package struct SigningKeyRecord: Sendable, Equatable {
    /// A key's life: published, then signing, then only verifying.
    package enum State: String, Sendable, CaseIterable {
        /// Published, so that others know it before the first token comes.
        case next
        /// Signs.
        case active
        /// Signs no more; kept until its last token has expired.
        case retired
    }

    package let keyID: String
    package let algorithm: SignatureAlgorithm
    package var state: State
    /// When it was made and published; seconds since 1970, as all times here.
    package let createdAt: Int64
    /// When it began, or is to begin, to sign.
    package var activatesAt: Int64
    package var retiredAt: Int64?
    /// No token that it signed is accepted after this.
    package var signedUntil: Int64
    /// The key, sealed for its id and algorithm.
    package let sealedKey: [UInt8]

    package init(
        keyID: String,
        algorithm: SignatureAlgorithm,
        state: State,
        createdAt: Int64,
        activatesAt: Int64,
        retiredAt: Int64? = nil,
        signedUntil: Int64 = 0,
        sealedKey: [UInt8]
    ) {
        self.keyID = keyID
        self.algorithm = algorithm
        self.state = state
        self.createdAt = createdAt
        self.activatesAt = activatesAt
        self.retiredAt = retiredAt
        self.signedUntil = signedUntil
        self.sealedKey = sealedKey
    }
}

/// A signing key, opened.
struct SigningKey: Sendable {
    enum Material: Sendable {
        case privateKey(PrivateKey)
        case secret(SecretBytes)
    }

    let keyID: String
    let algorithm: SignatureAlgorithm
    let material: Material

    /// Makes a new key for an algorithm.
    init(generating algorithm: SignatureAlgorithm) throws(CryptoError) {
        self.algorithm = algorithm
        keyID = Self.makeKeyID()
        switch algorithm.keyFamily {
        case .rsa: material = .privateKey(try PrivateKey(generating: .rsa(bits: 2048)))
        case .ellipticCurve(let curve): material = .privateKey(try PrivateKey(generating: .ellipticCurve(curve)))
        case .ed25519: material = .privateKey(try PrivateKey(generating: .ed25519))
        case .secret: material = .secret(SecretBytes(randomCount: algorithm.digest?.size ?? 64))
        }
    }

    /// Opens a stored key.
    /// - Throws: `notAuthentic` where another encryption key sealed it, or the record was changed.
    init(_ record: SigningKeyRecord, sealingKey: SealingKey) throws(CryptoError) {
        keyID = record.keyID
        algorithm = record.algorithm
        let opened = try sealingKey.open(record.sealedKey, context: Self.context(keyID, algorithm))
        material = algorithm.keyFamily == .secret ? .secret(opened) : .privateKey(try PrivateKey(pkcs8: opened))
    }

    /// The key, sealed so that it opens only as what it is.
    func sealed(with sealingKey: SealingKey) throws(CryptoError) -> [UInt8] {
        let plain: SecretBytes
        switch material {
        case .privateKey(let key): plain = try key.pkcs8()
        case .secret(let secret): plain = secret
        }
        return try plain.withUnsafeBytes { (bytes) throws(CryptoError) in
            try sealingKey.seal(bytes, context: Self.context(keyID, algorithm))
        }
    }

    /// The half that checks signatures.
    func verificationKey() throws(CryptoError) -> JSONWebKey {
        switch material {
        case .privateKey(let key):
            try JSONWebKey(keyID: keyID, algorithm: algorithm, material: .publicKey(key.publicKey))
        case .secret(let secret):
            try JSONWebKey(keyID: keyID, algorithm: algorithm, material: .secret(secret))
        }
    }

    private static func context(_ keyID: String, _ algorithm: SignatureAlgorithm) -> [UInt8] {
        Array("\(algorithm.name) \(keyID)".utf8)
    }

    /// A random name that no command line takes for an option: it does not begin with a hyphen.
    private static func makeKeyID() -> String {
        while true {
            let name = Base64URL.encode(SecureRandom.bytes(count: 9))
            if let first = name.utf8.first, ASCII.isLetter(first) || ASCII.isDigit(first) { return name }
        }
    }
}

extension SigningKey.Material {
    func signature(
        of message: UnsafeRawBufferPointer,
        algorithm: SignatureAlgorithm
    ) throws(CryptoError) -> [UInt8] {
        switch self {
        case .privateKey(let key):
            return try key.signature(of: message, algorithm: algorithm)
        case .secret(let secret):
            guard algorithm.keyFamily == .secret, let digest = algorithm.digest else {
                throw .unsuitableAlgorithm(algorithm)
            }
            return HMACKey(secret, digest: digest).authenticationCode(of: message)
        }
    }
}
