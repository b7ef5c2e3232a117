import Bytes
import Testing

@testable import Crypto

/// One key of each type, made once: an RSA key takes some tenths of a second.
enum TestKeys {
    static let rsa = Result { try PrivateKey(generating: .rsa(bits: 2048)) }
    static let p256 = Result { try PrivateKey(generating: .ellipticCurve(.p256)) }
    static let p384 = Result { try PrivateKey(generating: .ellipticCurve(.p384)) }
    static let p521 = Result { try PrivateKey(generating: .ellipticCurve(.p521)) }
    static let ed25519 = Result { try PrivateKey(generating: .ed25519) }

    static func key(for algorithm: SignatureAlgorithm) throws -> PrivateKey {
        switch algorithm.keyFamily {
        case .rsa: try rsa.get()
        case .ellipticCurve(.p256): try p256.get()
        case .ellipticCurve(.p384): try p384.get()
        case .ellipticCurve(.p521): try p521.get()
        case .ed25519: try ed25519.get()
        case .secret: throw CryptoError.unsupportedKey
        }
    }

    static let publicAlgorithms = SignatureAlgorithm.allCases.filter { $0.keyFamily != .secret }
}

@Suite struct SignatureTests {
    let message = Array("header.payload".utf8)

    @Test(arguments: TestKeys.publicAlgorithms)
    func `a signature is valid for its message only`(algorithm: SignatureAlgorithm) throws {
        let key = try TestKeys.key(for: algorithm)
        let verifier = try SignatureVerifier(key: key.publicKey, algorithm: algorithm)
        // Many signatures, so that short numbers, which are padded, occur among them.
        for _ in 0..<(algorithm.keyFamily == .rsa ? 3 : 300) {
            let signature = try message.withUnsafeBytes { try key.signature(of: $0, algorithm: algorithm) }
            #expect(verifier.accepts(signature, message))
            #expect(!verifier.accepts(signature, message + [0]))
        }
    }

    @Test(arguments: TestKeys.publicAlgorithms)
    func `a changed, cut or longer signature is refused`(algorithm: SignatureAlgorithm) throws {
        let key = try TestKeys.key(for: algorithm)
        let verifier = try SignatureVerifier(key: key.publicKey, algorithm: algorithm)
        let signature = try message.withUnsafeBytes { try key.signature(of: $0, algorithm: algorithm) }
        for index in stride(from: 0, to: signature.count, by: 7) {
            var changed = signature
            changed[index] ^= 1
            #expect(!verifier.accepts(changed, message))
        }
        #expect(!verifier.accepts(Array(signature.dropLast()), message))
        #expect(!verifier.accepts(signature + [0], message))
        #expect(!verifier.accepts([0] + signature, message))
        #expect(!verifier.accepts([], message))
        #expect(!verifier.accepts([UInt8](repeating: 0, count: signature.count), message))
        #expect(!verifier.accepts([UInt8](repeating: 0xFF, count: signature.count), message))
    }

    @Test func `the DER form of an ECDSA signature is refused`() throws {
        let key = try TestKeys.p256.get()
        let verifier = try SignatureVerifier(key: key.publicKey, algorithm: .es256)
        let raw = try message.withUnsafeBytes { try key.signature(of: $0, algorithm: .es256) }
        var der = [UInt8](repeating: 0, count: ECDSASignature.maximumDERSize)
        let size = try #require(
            raw.withUnsafeBytes { raw in
                der.withUnsafeMutableBytes { ECDSASignature.encodeDER(raw, coordinateSize: 32, into: $0) }
            }
        )
        #expect(!verifier.accepts(Array(der[..<size]), message))
        #expect(der[..<size].withUnsafeBytes { ECDSASignature.decodeDER($0, coordinateSize: 32) } == raw)
    }

    @Test(arguments: [32, 48, 66])
    func `small and large numbers go through DER and back`(size: Int) {
        for pattern: [UInt8] in [[0], [1], [0x7F], [0x80], [0xFF], [0, 0x80], [0, 0, 1]] {
            var raw = [UInt8](repeating: 0, count: size * 2)
            raw.replaceSubrange(0..<pattern.count, with: pattern)
            raw.replaceSubrange(size * 2 - pattern.count..<size * 2, with: pattern)
            var der = [UInt8](repeating: 0, count: ECDSASignature.maximumDERSize)
            let length = raw.withUnsafeBytes { raw in
                der.withUnsafeMutableBytes { ECDSASignature.encodeDER(raw, coordinateSize: size, into: $0) } ?? 0
            }
            let back = der[..<length].withUnsafeBytes { ECDSASignature.decodeDER($0, coordinateSize: size) }
            #expect(back == raw)
        }
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a key does not serve the algorithms of another type`(algorithm: SignatureAlgorithm) throws {
        for other in TestKeys.publicAlgorithms where other.keyFamily != algorithm.keyFamily {
            let key = try TestKeys.key(for: other)
            #expect(throws: CryptoError.unsuitableAlgorithm(algorithm)) {
                try SignatureVerifier(key: key.publicKey, algorithm: algorithm)
            }
            #expect(throws: CryptoError.unsuitableAlgorithm(algorithm)) {
                try message.withUnsafeBytes { try key.signature(of: $0, algorithm: algorithm) }
            }
        }
    }

    @Test func `PKCS1 and PSS signatures of one key are not taken for each other`() throws {
        let key = try TestKeys.rsa.get()
        let signature = try message.withUnsafeBytes { try key.signature(of: $0, algorithm: .ps256) }
        #expect(try !SignatureVerifier(key: key.publicKey, algorithm: .rs256).accepts(signature, message))
        #expect(try SignatureVerifier(key: key.publicKey, algorithm: .ps256).accepts(signature, message))
    }

    @Test func `a secret shorter than the digest is refused`() throws {
        let short = SecretBytes(randomCount: 31)
        #expect(throws: CryptoError.weakKey(bits: 248)) { try SignatureVerifier(secret: short, algorithm: .hs256) }
        let secret = SecretBytes(randomCount: 64)
        let code = message.withUnsafeBytes { HMACKey(secret, digest: .sha512).authenticationCode(of: $0) }
        let verifier = try SignatureVerifier(secret: secret, algorithm: .hs512)
        #expect(verifier.accepts(code, message))
        #expect(!verifier.accepts(Array(code[..<32]), message))
    }

    @Test func `several threads check with one key at once`() async throws {
        let message = message
        for algorithm in [SignatureAlgorithm.rs256, .es256, .eddsa] {
            let key = try TestKeys.key(for: algorithm)
            let verifier = try SignatureVerifier(key: key.publicKey, algorithm: algorithm)
            let signature = try message.withUnsafeBytes { try key.signature(of: $0, algorithm: algorithm) }
            let accepted = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask { (0..<100).count { _ in verifier.accepts(signature, message) } }
                }
                return await group.reduce(0, +)
            }
            #expect(accepted == 400)
        }
    }
}

extension SignatureVerifier {
    func accepts(_ signature: [UInt8], _ message: [UInt8]) -> Bool {
        signature.withUnsafeBytes { signature in message.withUnsafeBytes { isValid(signature, for: $0) } }
    }
}
