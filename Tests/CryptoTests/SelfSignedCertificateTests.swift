import Crypto
import Testing

@Suite struct SelfSignedCertificateTests {
    @Test func `a certificate and its key come out as PEM`() throws {
        let made = try SelfSignedCertificate.make(
            names: ["localhost", "api.example.com", "*.example.com"],
            addresses: ["127.0.0.1", "::1"],
            validFor: .seconds(86400),
            now: 1_800_000_000
        )
        let text = String(decoding: made.certificatePEM, as: UTF8.self)
        #expect(text.hasPrefix("-----BEGIN CERTIFICATE-----\n"))
        #expect(text.hasSuffix("-----END CERTIFICATE-----\n"))
        let key = made.privateKeyPEM.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        #expect(key.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
    }

    @Test func `a name longer than a common name can be, and addresses alone, are fine`() throws {
        let long = Array(repeating: "label", count: 20).joined(separator: ".")
        for (names, addresses) in [([long], []), ([], ["::1"])] {
            let made = try SelfSignedCertificate.make(
                names: names,
                addresses: addresses,
                validFor: .seconds(60),
                now: 0
            )
            #expect(String(decoding: made.certificatePEM, as: UTF8.self).hasPrefix("-----BEGIN CERTIFICATE-----"))
        }
    }

    @Test(arguments: ["", "a b", "a,DNS:evil.example", "a..b", "-\n", "é.example", "a.*.example", "*"])
    func `a name that is no host name is refused`(name: String) {
        #expect(throws: CryptoError.malformedName(name)) {
            try SelfSignedCertificate.make(names: [name], addresses: [], validFor: .seconds(60), now: 0)
        }
    }

    @Test(arguments: ["", "localhost", "1.2.3", "1.2.3.4.5", "::g", "127.0.0.1:80"])
    func `an address that is no IP address is refused`(address: String) {
        #expect(throws: CryptoError.malformedName(address)) {
            try SelfSignedCertificate.make(names: [], addresses: [address], validFor: .seconds(60), now: 0)
        }
    }
}
