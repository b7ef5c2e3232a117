import Bytes
import Crypto
import JWT

/// A signing key of our own issuer, and what trusts it.
struct TestKeys {
    let verifier: TokenVerifier
    private let key: PrivateKey
    private let keyID: String

    init(keyID: String = "k1") {
        do {
            key = try PrivateKey(generating: .ed25519)
            let publicKey = try JSONWebKey(keyID: keyID, algorithm: .eddsa, material: .publicKey(key.publicKey))
            verifier = TokenVerifier(issuers: [TokenIssuer(own: ownIssuer, keys: JSONWebKeySet(keys: [publicKey]))])
        } catch {
            preconditionFailure("no key could be made: \(error)")
        }
        self.keyID = keyID
    }

    /// A signed access token for alice (RFC 9068).
    func token(
        expiresAt: Int64,
        tokenID: String = "t1",
        scope: String = "notes:write",
        audience: String = ownIssuer
    ) throws -> String {
        let header = #"{"alg":"EdDSA","typ":"at+jwt","kid":"\#(keyID)"}"#
        let claims = """
            {"iss":"\(ownIssuer)","sub":"alice","aud":"\(audience)","exp":\(expiresAt),"iat":\(expiresAt - 60),\
            "jti":"\(tokenID)","client_id":"app","scope":"\(scope)","gid":"g1"}
            """
        let input = [header, claims].map { Base64URL.encode(Array($0.utf8)) }.joined(separator: ".")
        let signature = try Array(input.utf8).withUnsafeBytes { try key.signature(of: $0, algorithm: .eddsa) }
        return input + "." + Base64URL.encode(signature)
    }
}
