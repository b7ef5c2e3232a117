import Bytes
import Crypto
import Testing

@testable import JWT

@Suite struct SignatureVectorTests {
    @Test(arguments: SignatureVector.all)
    func `a published signature is valid with its key, and only whole`(vector: SignatureVector) throws {
        let set = try JSONWebKeySet(parsing: Array("{\"keys\":[\(vector.key)]}".utf8), allowsSecrets: true)
        let algorithm = try #require(SignatureAlgorithm(name: vector.algorithm))
        let verifier = try #require(set.keys.first?.verifier(for: algorithm))
        try Array(vector.token.utf8).withUnsafeBytes { token in
            let parts = try CompactToken(token)
            var signature = try parts.decodedSignature()
            #expect(signature.withUnsafeBytes { verifier.isValid($0, for: parts.signingInput) })
            #expect(!signature.withUnsafeBytes { verifier.isValid($0, for: parts.header) })
            signature[signature.count / 2] ^= 4
            #expect(!signature.withUnsafeBytes { verifier.isValid($0, for: parts.signingInput) })
        }
    }

    @Test(arguments: SignatureVector.all)
    func `a published key can be written and read again`(vector: SignatureVector) throws {
        let set = try JSONWebKeySet(parsing: Array("{\"keys\":[\(vector.key)]}".utf8), allowsSecrets: true)
        let again = try JSONWebKeySet(parsing: set.publicJSON(), allowsSecrets: false)
        #expect(again.unusable.isEmpty)
        guard case .publicKey(let key) = set.keys.first?.material else {
            // A shared secret is never written.
            #expect(again.keys.isEmpty)
            return
        }
        guard case .publicKey(let written) = again.keys.first?.material else {
            Issue.record("the key is gone")
            return
        }
        #expect(written.components == key.components)
        #expect(again.keys.first?.keyID == set.keys.first?.keyID)
    }
}
