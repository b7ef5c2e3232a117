import Bytes
import Crypto
import JSON

@testable import JWT

/// Makes keys and tokens for tests, bad ones too.
struct TokenForge: Sendable {
    let keys: [SignatureAlgorithm: SigningKey]

    /// One key for each of some algorithms, made once.
    static let shared = Result {
        var keys: [SignatureAlgorithm: SigningKey] = [:]
        for algorithm in SignatureAlgorithm.allCases { keys[algorithm] = try SigningKey(generating: algorithm) }
        return TokenForge(keys: keys)
    }

    static let issuer = "https://issuer.example"
    static let now: Int64 = 1_800_000_000

    /// Claims that are accepted at `now`.
    static let claims = """
        "iss":"https://issuer.example","sub":"alice","aud":"https://api.example","exp":1800000600,\
        "iat":1799999990,"jti":"t1","client_id":"app","scope":"notes:read notes:write","gid":"g1"
        """

    func key(_ algorithm: SignatureAlgorithm) throws -> SigningKey {
        guard let key = keys[algorithm] else { throw CryptoError.unsupportedKey }
        return key
    }

    /// All keys as a set.
    func keySet(_ algorithms: [SignatureAlgorithm] = SignatureAlgorithm.allCases) throws -> JSONWebKeySet {
        JSONWebKeySet(keys: try algorithms.map { try key($0).verificationKey() })
    }

    /// Trusts the issuer with these keys.
    func verifier(_ change: (inout TokenIssuer) -> Void = { _ in }) throws -> TokenVerifier {
        var issuer = TokenIssuer(
            issuer: Self.issuer,
            keys: .available(try keySet()),
            audiences: ["https://api.example"]
        )
        change(&issuer)
        return TokenVerifier(issuers: [issuer])
    }

    /// Trusts the issuer as our own.
    func ownVerifier(_ algorithms: [SignatureAlgorithm] = [.es256]) throws -> TokenVerifier {
        TokenVerifier(issuers: [TokenIssuer(own: Self.issuer, keys: try keySet(algorithms))])
    }

    /// A token with exactly these texts as header and claims, without their braces.
    func token(
        header: String? = nil,
        claims: String = claims,
        signedBy algorithm: SignatureAlgorithm = .es256
    ) throws
        -> String
    {
        let key = try key(algorithm)
        let header = header ?? #""alg":"\#(algorithm.name)","typ":"at+jwt","kid":"\#(key.keyID)""#
        return try signed(header: "{\(header)}", payload: "{\(claims)}", key: key)
    }

    /// A token with exactly these bytes as header and payload.
    func signed(header: String, payload: String, key: SigningKey) throws -> String {
        try signed(header: Array(header.utf8), payload: Array(payload.utf8), key: key)
    }

    func signed(header: [UInt8], payload: [UInt8], key: SigningKey) throws -> String {
        let input = Base64URL.encode(header) + "." + Base64URL.encode(payload)
        let signature = try Array(input.utf8).withUnsafeBytes {
            try key.material.signature(of: $0, algorithm: key.algorithm)
        }
        return input + "." + Base64URL.encode(signature)
    }
}

extension TokenVerifier {
    func verify(_ token: String, at unixTime: Int64 = TokenForge.now) throws(TokenRefusal) -> VerifiedToken {
        let result: Result<VerifiedToken, TokenRefusal> = Array(token.utf8).withUnsafeBytes { bytes in
            do throws(TokenRefusal) {
                return .success(try verify(bytes, at: unixTime))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    func refusal(of token: String, at unixTime: Int64 = TokenForge.now) -> TokenRefusal? {
        do throws(TokenRefusal) {
            _ = try verify(token, at: unixTime)
            return nil
        } catch {
            return error
        }
    }
}
