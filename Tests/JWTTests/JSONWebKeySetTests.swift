import Crypto
import Testing

@testable import JWT

@Suite struct JSONWebKeySetTests {
    static let point =
        #""x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#
    static let ec = #""kty":"EC","crv":"P-256",\#(point)"#
    static let oct =
        #""kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow""#

    @Test func `a key with an algorithm is for that algorithm only`() throws {
        let set = try JSONWebKeySet(
            parsing: Array(#"{"keys":[{"alg":"HS384",\#(Self.oct)}]}"#.utf8),
            allowsSecrets: true
        )
        #expect(set.keys.first?.verifiers.map(\.algorithm) == [.hs384])
    }

    @Test func `a key without an algorithm takes those of its type`() throws {
        let text = #"{"keys":[{"kid":"a",\#(Self.ec)},{"kid":"b",\#(Self.oct)}],"extra":1}"#
        let set = try JSONWebKeySet(parsing: Array(text.utf8), allowsSecrets: true)
        #expect(set.keys.map { $0.verifiers.map(\.algorithm) } == [[.es256], [.hs256, .hs384, .hs512]])
        #expect(set.keys.map(\.keyID) == ["a", "b"])
    }

    @Test func `a 32-byte secret without an algorithm is for HS256 only`() throws {
        let text = #"{"keys":[{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}]}"#
        let set = try JSONWebKeySet(parsing: Array(text.utf8), allowsSecrets: true)
        #expect(set.keys.first?.verifiers.map(\.algorithm) == [.hs256])
    }

    @Test func `Ed25519 is another name of EdDSA`() throws {
        let text =
            #"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#
        let set = try JSONWebKeySet(parsing: Array(text.utf8), allowsSecrets: false)
        #expect(set.keys.first?.algorithm == .eddsa)
    }

    @Test(arguments: [
        ("1", JSONWebKeyFault.notAnObject),
        ("{}", .missingMember("kty")),
        (#"{"kty":1}"#, .malformedMember("kty")),
        (#"{"kty":"AKP"}"#, .unknownKeyType),
        (#"{"kty":"EC","crv":"secp256k1",\#(point)}"#, .unknownKeyType),
        (#"{"kty":"EC","crv":"P-384",\#(point)}"#, .malformedKey),
        (#"{"kty":"OKP","crv":"X25519","x":"AA"}"#, .unknownKeyType),
        (#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#, .malformedKey),
        (#"{"kty":"EC","crv":"P-256","x":"AA=="}"#, .malformedMember("x")),
        (#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}"#, .missingMember("y")),
        (#"{"use":"enc",\#(ec)}"#, .notForSignatures),
        (#"{"use":7,\#(ec)}"#, .malformedMember("use")),
        (#"{"key_ops":["encrypt"],\#(ec)}"#, .notForSignatures),
        (#"{"key_ops":"verify",\#(ec)}"#, .malformedMember("key_ops")),
        (#"{"alg":"ECDH-ES",\#(ec)}"#, .unknownAlgorithm),
        (#"{"alg":"none",\#(ec)}"#, .unknownAlgorithm),
        (#"{"alg":"ES384",\#(ec)}"#, .unsuitableAlgorithm),
        (#"{"alg":"HS256",\#(ec)}"#, .unsuitableAlgorithm),
        (#"{"alg":"RS256",\#(ec)}"#, .unsuitableAlgorithm),
        (#"{"kid":5,\#(ec)}"#, .malformedMember("kid")),
        (#"{"d":"AA",\#(ec)}"#, .privateKeyPublished),
        (oct.isEmpty ? "" : "{\(oct)}", .secretNotAllowed),
        (#"{"kty":"RSA","e":"AQAB","n":"_wEBAQ"}"#, .weak(bits: 32)),
        (#"{"kty":"RSA","e":"AQAB"}"#, .missingMember("n")),
    ])
    func `a key that cannot be used is left out, with the reason`(key: String, fault: JSONWebKeyFault) throws {
        let text = #"{"keys":[\#(key),{"kid":"good",\#(Self.ec)}]}"#
        let set = try JSONWebKeySet(parsing: Array(text.utf8), allowsSecrets: false)
        #expect(set.keys.map(\.keyID) == ["good"])
        #expect(set.unusable.map(\.fault) == [fault])
        #expect(set.unusable.first?.index == 0)
    }

    @Test func `a 1024-bit RSA key is left out`() throws {
        let modulus = String(repeating: "_", count: 170) + "8"
        let text = #"{"keys":[{"kty":"RSA","e":"AQAB","kid":"weak","n":"\#(modulus)"}]}"#
        let set = try JSONWebKeySet(parsing: Array(text.utf8), allowsSecrets: true)
        #expect(set.keys.isEmpty)
        #expect(set.unusable == [.init(index: 0, keyID: "weak", fault: .weak(bits: 1024))])
    }

    @Test(arguments: [(#""alg":"HS256","#, 31), (#""alg":"HS512","#, 63), ("", 31), ("", 0)])
    func `a secret that is too short is left out`(algorithm: String, size: Int) throws {
        let secret = String(repeating: "A", count: (size * 4 + 2) / 3)
        let text = #"{"keys":[{\#(algorithm)"kty":"oct","k":"\#(secret)"}]}"#
        let set = try JSONWebKeySet(parsing: Array(text.utf8), allowsSecrets: true)
        #expect(set.unusable.map(\.fault) == [.weak(bits: size * 8)])
    }

    @Test func `of two keys with one name and type the first counts`() throws {
        let other = #""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#
        let text = #"{"keys":[{"kid":"a",\#(Self.ec)},{"kid":"a",\#(other)},{"kid":"a",\#(Self.ec)},{\#(Self.ec)}]}"#
        let set = try JSONWebKeySet(parsing: Array(text.utf8), allowsSecrets: false)
        #expect(set.keys.count == 3)
        #expect(set.unusable == [.init(index: 2, keyID: "a", fault: .repeatedKeyID)])
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"keys":{}}"#, #"{"keys":[],"keys":[]}"#, #"{"keys":[]} x"#, #"{"keys":[]"#,
        "{\"keys\":[{\"kid\":\"\u{FEFF}\"}", #"{"keys":[{"kid":"a","kid":"b"}]}"#,
    ])
    func `a text that is no key set is refused`(text: String) {
        #expect(throws: JSONWebKeySetError.self) { try JSONWebKeySet(parsing: Array(text.utf8), allowsSecrets: true) }
    }

    @Test func `too many keys are refused`() {
        let text = "{\"keys\":[" + Array(repeating: "{}", count: 257).joined(separator: ",") + "]}"
        #expect(throws: JSONWebKeySetError.tooManyKeys(limit: 256)) {
            try JSONWebKeySet(parsing: Array(text.utf8), allowsSecrets: true)
        }
    }

    @Test func `the published set names purpose, algorithm and key`() throws {
        let text = #"{"keys":[{"kid":"a","alg":"ES256",\#(Self.ec)},{"kid":"s",\#(Self.oct)}]}"#
        let set = try JSONWebKeySet(parsing: Array(text.utf8), allowsSecrets: true)
        let expected = #"{"keys":[{"use":"sig","kid":"a","alg":"ES256","kty":"EC","crv":"P-256",\#(Self.point)}]}"#
        #expect(String(decoding: set.publicJSON(), as: UTF8.self) == expected)
    }
}
