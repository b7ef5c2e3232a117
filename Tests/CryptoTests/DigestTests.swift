import Crypto
import Testing

@Suite struct DigestTests {
    /// FIPS 180-4 examples.
    @Test(arguments: [
        (DigestAlgorithm.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            .sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        ),
        (
            .sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
                + "454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func `the digest of abc is the standard's`(algorithm: DigestAlgorithm, expected: String) {
        let digest = Array("abc".utf8).withUnsafeBytes { Digest.digest($0, algorithm) }
        #expect(hexadecimal(digest) == expected)
    }

    @Test func `SHA-1 of abc is the standard's`() {
        #expect(hexadecimal(Digest.sha1(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    }

    @Test func `nothing has a digest too`() {
        #expect(
            hexadecimal(Digest.sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
    }

    /// RFC 4231 §4.3.
    @Test func `HMAC agrees with RFC 4231`() {
        let key = HMACKey(SecretBytes(copying: Array("Jefe".utf8)), digest: .sha256)
        Array("what do ya want for nothing?".utf8).withUnsafeBytes { message in
            let code = key.authenticationCode(of: message)
            #expect(hexadecimal(code) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
            code.withUnsafeBytes { #expect(key.isValid($0, for: message)) }
            code.dropLast().withUnsafeBytes { #expect(!key.isValid($0, for: message)) }
            [UInt8]().withUnsafeBytes { #expect(!key.isValid($0, for: message)) }
        }
    }

    @Test func `bytes compare by content and size`() {
        #expect(ConstantTime.equals([1, 2, 3], [1, 2, 3]))
        #expect(!ConstantTime.equals([1, 2, 3], [1, 2, 4]))
        #expect(!ConstantTime.equals([1, 2, 3], [1, 2]))
        #expect(ConstantTime.equals([], []))
    }

    @Test func `random bytes differ and have the size asked for`() {
        #expect(SecureRandom.bytes(count: 32).count == 32)
        #expect(SecureRandom.bytes(count: 32) != SecureRandom.bytes(count: 32))
        #expect(SecureRandom.bytes(count: 0).isEmpty)
        #expect(SecureRandom.number() != SecureRandom.number())
    }

    @Test func `secret bytes do not print themselves`() {
        let secret = SecretBytes(copying: Array("hunter2".utf8))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("hunter2"))
        #expect(secret.equals(SecretBytes(copying: Array("hunter2".utf8))))
    }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
