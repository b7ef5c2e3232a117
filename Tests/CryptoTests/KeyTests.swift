import Bytes
import Testing

@testable import Crypto

@Suite struct KeyTests {
    @Test(arguments: TestKeys.publicAlgorithms)
    func `a private key goes through PKCS8 and back`(algorithm: SignatureAlgorithm) throws {
        let key = try TestKeys.key(for: algorithm)
        let read = try PrivateKey(pkcs8: try key.pkcs8())
        #expect(read.publicKey.components == key.publicKey.components)
        let message: [UInt8] = [1, 2, 3]
        let signature = try message.withUnsafeBytes { try read.signature(of: $0, algorithm: algorithm) }
        #expect(try SignatureVerifier(key: key.publicKey, algorithm: algorithm).accepts(signature, message))
    }

    @Test(arguments: TestKeys.publicAlgorithms)
    func `a public key goes through its numbers and back`(algorithm: SignatureAlgorithm) throws {
        let key = try TestKeys.key(for: algorithm)
        let made = try PublicKey(key.publicKey.components)
        #expect(made.family == algorithm.keyFamily)
        #expect(try made.handle.publicComponents() == key.publicKey.components)
    }

    /// RFC 8037 appendix A.1 and A.4: Ed25519 signatures are deterministic.
    @Test func `an Ed25519 signature is the one of RFC 8037`() throws {
        let seed = try #require(Base64URL.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
        let prefix: [UInt8] = [0x30, 0x2E, 2, 1, 0, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 4, 0x22, 4, 0x20]
        let key = try PrivateKey(pkcs8: SecretBytes(copying: prefix + seed))
        let expected = try #require(Base64URL.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
        #expect(key.publicKey.components == .ed25519(expected))
        let message = Array("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".utf8)
        let signature = try message.withUnsafeBytes { try key.signature(of: $0, algorithm: .eddsa) }
        #expect(
            Base64URL.encode(signature)
                == "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        )
    }

    @Test func `a short RSA key is refused, with its size`() throws {
        let modulus = [0xFF] + [UInt8](repeating: 1, count: 127)
        #expect(throws: CryptoError.weakKey(bits: 1024)) {
            try PublicKey(.rsa(modulus: modulus, exponent: [1, 0, 1]))
        }
        let almost = [0x7F] + [UInt8](repeating: 1, count: 255)
        #expect(throws: CryptoError.weakKey(bits: 2047)) {
            try PublicKey(.rsa(modulus: [0, 0] + almost, exponent: [1, 0, 1]))
        }
        #expect(throws: CryptoError.weakKey(bits: 1024)) { try PrivateKey(generating: .rsa(bits: 1024)) }
    }

    @Test func `a huge RSA key is refused`() throws {
        let modulus = [0xFF] + [UInt8](repeating: 1, count: 2047)
        #expect(throws: CryptoError.oversizedKey(bits: 16384)) {
            try PublicKey(.rsa(modulus: modulus, exponent: [1, 0, 1]))
        }
    }

    @Test(arguments: [[], [0], [1], [0, 1], [2], [1, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 1]])
    func `a senseless RSA exponent is refused`(exponent: [UInt8]) throws {
        let modulus = [0xFF] + [UInt8](repeating: 1, count: 255)
        #expect(throws: CryptoError.malformedKey) { try PublicKey(.rsa(modulus: modulus, exponent: exponent)) }
    }

    @Test func `an even or empty modulus is refused`() throws {
        let even = [0xFF] + [UInt8](repeating: 2, count: 255)
        for modulus in [even, [], [0]] {
            #expect(throws: CryptoError.malformedKey) { try PublicKey(.rsa(modulus: modulus, exponent: [1, 0, 1])) }
        }
    }

    @Test(arguments: EllipticCurve.allCases)
    func `a point that is not on its curve is refused`(curve: EllipticCurve) throws {
        let algorithm = SignatureAlgorithm.allCases.first { $0.keyFamily == .ellipticCurve(curve) }
        guard case .ellipticCurve(_, let x, var y) = try TestKeys.key(for: try #require(algorithm)).publicKey.components
        else { throw CryptoError.unsupportedKey }
        #expect(throws: CryptoError.malformedKey) { try PublicKey(.ellipticCurve(curve, x: x, y: [0] + y)) }
        #expect(throws: CryptoError.malformedKey) {
            try PublicKey(.ellipticCurve(curve, x: Array(x.dropFirst()), y: y))
        }
        y[y.count - 1] ^= 1
        #expect(throws: CryptoError.malformedKey) { try PublicKey(.ellipticCurve(curve, x: x, y: y)) }
        let zero = [UInt8](repeating: 0, count: curve.coordinateSize)
        #expect(throws: CryptoError.malformedKey) { try PublicKey(.ellipticCurve(curve, x: zero, y: zero)) }
    }

    @Test func `an Ed25519 key of another size is refused`() {
        #expect(throws: CryptoError.malformedKey) { try PublicKey(.ed25519([1, 2, 3])) }
        #expect(throws: CryptoError.malformedKey) { try PublicKey(.ed25519([])) }
    }

    @Test func `bytes that are no PKCS8 are refused`() throws {
        #expect(throws: CryptoError.malformedKey) { try PrivateKey(pkcs8: SecretBytes(copying: [UInt8]())) }
        #expect(throws: CryptoError.malformedKey) { try PrivateKey(pkcs8: SecretBytes(copying: [0x30, 0x80, 1])) }
        let whole = try TestKeys.p256.get().pkcs8().withUnsafeBytes { Array($0) }
        for count in 0..<whole.count {
            #expect(throws: CryptoError.self) { try PrivateKey(pkcs8: SecretBytes(copying: whole[..<count])) }
        }
        #expect(throws: CryptoError.malformedKey) { try PrivateKey(pkcs8: SecretBytes(copying: whole + [0])) }
    }

    @Test func `sealed bytes open with the same key and context only`() throws {
        let key = SealingKey()
        let plain = Array("a private key".utf8)
        let sealed = try plain.withUnsafeBytes { try key.seal($0, context: [7]) }
        #expect(try key.open(sealed, context: [7]).equals(SecretBytes(copying: plain)))
        #expect(throws: CryptoError.notAuthentic) { try key.open(sealed, context: [8]) }
        #expect(throws: CryptoError.notAuthentic) { try SealingKey().open(sealed, context: [7]) }
        #expect(throws: CryptoError.notAuthentic) { try key.derived(for: "other").open(sealed, context: [7]) }
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 0x10
            #expect(throws: CryptoError.notAuthentic) { try key.open(changed, context: [7]) }
            #expect(throws: CryptoError.notAuthentic) { try key.open(Array(sealed[..<index]), context: [7]) }
        }
        let again = try plain.withUnsafeBytes { try key.seal($0, context: [7]) }
        #expect(again != sealed)
    }

    @Test func `nothing can be sealed, and a derived key is always the same`() throws {
        let secret = SecretBytes(randomCount: 32)
        let sealed = try [UInt8]().withUnsafeBytes {
            try SealingKey(secret).derived(for: "keys").seal($0, context: [])
        }
        #expect(try SealingKey(secret).derived(for: "keys").open(sealed, context: []).count == 0)
        #expect(throws: CryptoError.malformedKey) { try SealingKey(SecretBytes(randomCount: 31)) }
    }
}
