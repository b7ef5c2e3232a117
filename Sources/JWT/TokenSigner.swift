import Bytes
import Crypto
import JSON

/// Signs tokens with one key.
package struct TokenSigner: Sendable {
    package let keyID: String
    package let algorithm: SignatureAlgorithm
    private let key: SigningKey.Material
    private let accessTokenHeader: String

    init(_ key: SigningKey) {
        keyID = key.keyID
        algorithm = key.algorithm
        self.key = key.material
        accessTokenHeader = Self.encodeHeader(algorithm: key.algorithm, type: "at+jwt", keyID: key.keyID)
    }

    /// Makes an access token (RFC 9068).
    package func mint(_ claims: AccessTokenClaims) throws(CryptoError) -> String {
        try sign(claims.json(), header: accessTokenHeader)
    }

    /// Makes a token of any type: the payload, signed, in the compact form (RFC 7515 §7.1).
    package func sign(_ payload: [UInt8], type: String) throws(CryptoError) -> String {
        try sign(payload, header: Self.encodeHeader(algorithm: algorithm, type: type, keyID: keyID))
    }

    private func sign(_ payload: [UInt8], header: String) throws(CryptoError) -> String {
        let input = Array((header + "." + Base64URL.encode(payload)).utf8)
        let signature: Result<[UInt8], CryptoError> = input.withUnsafeBytes { bytes in
            do throws(CryptoError) {
                return .success(try key.signature(of: bytes, algorithm: algorithm))
            } catch {
                return .failure(error)
            }
        }
        return String(decoding: input, as: UTF8.self) + "." + Base64URL.encode(try signature.get())
    }

    private static func encodeHeader(algorithm: SignatureAlgorithm, type: String, keyID: String) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("alg", algorithm.name)
        writer.member("typ", type)
        writer.member("kid", keyID)
        writer.endObject()
        return Base64URL.encode(writer.bytes)
    }
}
