/// The numbers that make up a public key, as a JSON Web Key spells them (RFC 7518 §6, RFC 8037 §2); big-endian bytes.
package enum PublicKeyComponents: Sendable, Hashable {
    case rsa(modulus: [UInt8], exponent: [UInt8])
    case ellipticCurve(EllipticCurve, x: [UInt8], y: [UInt8])
    case ed25519([UInt8])

    /// The type of key these numbers are for.
    package var family: SignatureAlgorithm.KeyFamily {
        switch self {
        case .rsa: .rsa
        case .ellipticCurve(let curve, _, _): .ellipticCurve(curve)
        case .ed25519: .ed25519
        }
    }

    /// The shortest RSA modulus that is accepted, in bits (RFC 7518 §3.3).
    package static let minimumModulusBits = 2048
    /// The longest RSA modulus that is accepted, in bits: a signature check's cost grows with its square.
    package static let maximumModulusBits = 8192

    /// The same numbers in their shortest or full form, as the type asks.
    /// - Throws: `malformedKey`, `weakKey` or `oversizedKey` for numbers that are not a usable key.
    func checked() throws(CryptoError) -> PublicKeyComponents {
        switch self {
        case .rsa(let modulus, let exponent):
            return try Self.checkedRSA(modulus: modulus, exponent: exponent)
        case .ellipticCurve(let curve, let x, let y):
            // RFC 7518 §6.2.1.2: a coordinate has the full size, leading zeros and all.
            guard x.count == curve.coordinateSize, y.count == curve.coordinateSize else { throw .malformedKey }
            return self
        case .ed25519(let bytes):
            guard bytes.count == 32 else { throw .malformedKey }
            return self
        }
    }

    private static func checkedRSA(modulus: [UInt8], exponent: [UInt8]) throws(CryptoError) -> PublicKeyComponents {
        let modulus = Array(modulus.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        guard let first = modulus.first, let last = modulus.last else { throw .malformedKey }
        let bits = modulus.count * 8 - first.leadingZeroBitCount
        guard bits >= minimumModulusBits else { throw .weakKey(bits: bits) }
        guard bits <= maximumModulusBits else { throw .oversizedKey(bits: bits) }
        // An even modulus is no product of two primes; an exponent of 1 makes every message its own signature.
        guard last & 1 == 1, let exponentLast = exponent.last, exponentLast & 1 == 1 else { throw .malformedKey }
        guard exponent != [1], exponent.count <= 8 else { throw .malformedKey }
        return .rsa(modulus: modulus, exponent: exponent)
    }
}
