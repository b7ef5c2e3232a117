/// A public key of one of the types that JOSE signatures use, checked and ready for use.
package struct PublicKey: Sendable {
    /// The numbers that make it up, in the form that a JSON Web Key has them.
    package let components: PublicKeyComponents
    let handle: KeyHandle

    /// Makes a key from its numbers.
    /// - Throws: `malformedKey`, `weakKey` (RSA under 2048 bits), `oversizedKey`.
    package init(_ components: PublicKeyComponents) throws(CryptoError) {
        self.components = try components.checked()
        handle = try KeyHandle.make(self.components)
    }

    /// The family of algorithms it serves.
    package var family: SignatureAlgorithm.KeyFamily { components.family }

    /// The exact size of its signatures in bytes.
    var signatureSize: Int {
        switch components {
        case .rsa(let modulus, _): modulus.count
        case .ellipticCurve(let curve, _, _): curve.coordinateSize * 2
        case .ed25519: 64
        }
    }
}
