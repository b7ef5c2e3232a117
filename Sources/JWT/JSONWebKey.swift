import Crypto

/// A key that checks token signatures, ready for use (RFC 7517 §4).
package struct JSONWebKey: Sendable {
    /// What the key consists of.
    package enum Material: Sendable {
        case publicKey(PublicKey)
        /// A secret shared with the issuer; never published.
        case secret(SecretBytes)
    }

    /// Its `kid`, if it has one.
    package let keyID: String?
    /// The one algorithm it is for, or nil where its type decides.
    package let algorithm: SignatureAlgorithm?
    package let material: Material
    /// One for each algorithm that it may be used with.
    let verifiers: [SignatureVerifier]

    /// Prepares a key.
    /// - Throws: `unsuitableAlgorithm` for an algorithm of another type of key, `weakKey` for a short secret.
    package init(keyID: String?, algorithm: SignatureAlgorithm?, material: Material) throws(CryptoError) {
        self.keyID = keyID
        self.algorithm = algorithm
        self.material = material
        switch material {
        case .publicKey(let key):
            let algorithms = algorithm.map { [$0] } ?? SignatureAlgorithm.all(of: key.family)
            verifiers = try algorithms.map { (algorithm) throws(CryptoError) in
                try SignatureVerifier(key: key, algorithm: algorithm)
            }
        case .secret(let secret):
            // RFC 7518 §3.2: a secret is at least as long as the digest it is used with.
            let fitting = SignatureAlgorithm.all(of: .secret).filter { ($0.digest?.size ?? 0) <= secret.count }
            guard let algorithm = algorithm ?? fitting.first else { throw .weakKey(bits: secret.count * 8) }
            let algorithms = self.algorithm == nil ? fitting : [algorithm]
            verifiers = try algorithms.map { (algorithm) throws(CryptoError) in
                try SignatureVerifier(secret: secret, algorithm: algorithm)
            }
        }
    }

    /// The family of algorithms it serves.
    package var family: SignatureAlgorithm.KeyFamily {
        switch material {
        case .publicKey(let key): key.family
        case .secret: .secret
        }
    }

    /// The check for one algorithm, or nil where the key is not for it.
    func verifier(for algorithm: SignatureAlgorithm) -> SignatureVerifier? {
        verifiers.first { $0.algorithm == algorithm }
    }

    /// Whether this is its `kid`, byte for byte.
    func isNamed(_ name: String) -> Bool {
        keyID?.utf8.elementsEqual(name.utf8) ?? false
    }
}

extension SignatureAlgorithm {
    /// The algorithms for one type of key.
    static func all(of family: KeyFamily) -> [SignatureAlgorithm] {
        allCases.filter { $0.keyFamily == family }
    }
}
