import Bytes
import Crypto
import Gateway
import HTTP
import JWT

/// What the benchmarks work on: messages, tokens and routes like those of a browser's requests to an API.
enum Samples {
    static let unixTime: Int64 = 1_795_600_000
    static let issuer = "https://issuer.example.com/"
    static let audience = "https://api.example.com/data"

    /// A head of 12 fields and just `size` bytes, which the cookie makes up for.
    static func requestHead(size: Int, authorization: String, path: String = "/v1/notes/4711?view=full") -> [UInt8] {
        let lines = [
            "GET \(path) HTTP/1.1", "Host: api.example.com",
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101",
            "Accept: application/json, text/plain, */*", "Accept-Language: en-GB,en;q=0.7,de;q=0.3",
            "Accept-Encoding: gzip, deflate, br", "Authorization: \(authorization)",
            "Referer: https://app.example.com/notes", "Origin: https://app.example.com", "Connection: keep-alive",
            "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: same-site",
        ]
        let text = lines.joined(separator: "\r\n") + "\r\nCookie: theme="
        precondition(text.utf8.count + 4 <= size, "the head does not fit")
        return Array((text + String(repeating: "a", count: size - text.utf8.count - 4) + "\r\n\r\n").utf8)
    }

    static func parsedRequest(_ bytes: [UInt8]) throws -> RequestHead {
        let head = RequestHead()
        var parser = RequestHeadParser(limits: HTTPLimits())
        let consumed = try bytes.withUnsafeBytes { try parser.parse($0, into: head) }
        precondition(consumed == bytes.count && head.fieldCount == 12, "the head is not what it should be")
        return head
    }

    static func parsedResponse() throws -> ResponseHead {
        let lines = [
            "HTTP/1.1 200 OK", "Server: api/2.4", "Date: Tue, 24 Nov 2026 09:00:00 GMT",
            "Content-Type: application/json", "Content-Length: 1024", "Connection: keep-alive",
            "Cache-Control: private, max-age=0", #"ETag: "5f8d-1a2b3c""#, "Vary: Accept-Encoding",
            "Set-Cookie: session=0123456789abcdef; Path=/; HttpOnly", "X-Content-Type-Options: nosniff",
            "Last-Modified: Mon, 23 Nov 2026 09:00:00 GMT", "Accept-Ranges: bytes",
        ]
        let head = ResponseHead()
        var parser = ResponseHeadParser(limits: HTTPLimits())
        _ = try Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8).withUnsafeBytes {
            try parser.parse($0, into: head)
        }
        return head
    }

    static let claims = """
        {"iss":"\(issuer)","aud":"\(audience)","sub":"user-0000","name":"User 0000",\
        "scope":"openid profile api.read","iat":1795512976,"exp":1798105036,"jti":"cc692a251a9b4182"}
        """

    /// A gateway whose routes all ask for one scope.
    static func definition(_ routes: [RouteDefinition]) -> GatewayDefinition {
        GatewayDefinition(
            issuer: "https://gateway.example.com",
            routes: routes,
            scopes: [ScopeDefinition(name: "api.read")],
            issuers: [issuer]
        )
    }

    static func route(_ path: String, hosts: [String] = []) -> RouteDefinition {
        var route = RouteDefinition(
            name: path,
            path: path,
            access: .scopes(all: ["api.read"], any: []),
            upstream: 0
        )
        route.hosts = hosts
        return route
    }
}

/// A key, a token that it signed, and what verifies that.
struct SignedSample {
    let token: [UInt8]
    let verifier: TokenVerifier

    /// A sample of one of the algorithms RS256 (2,048 bits), ES256, EdDSA and HS256.
    init(_ algorithm: SignatureAlgorithm) throws {
        let header = #"{"alg":"\#(algorithm.name)","typ":"JWT","kid":"key"}"#
        let input = [header, Samples.claims].map { Base64URL.encode(Array($0.utf8)) }.joined(separator: ".")
        let signature: [UInt8]
        let material: JSONWebKey.Material
        if algorithm.keyFamily == .secret {
            let secret = SecretBytes(randomCount: 32)
            let key = HMACKey(secret, digest: .sha256)
            signature = Array(input.utf8).withUnsafeBytes { key.authenticationCode(of: $0) }
            material = .secret(secret)
        } else {
            let key = try PrivateKey(generating: Self.kind(algorithm))
            signature = try Array(input.utf8).withUnsafeBytes { try key.signature(of: $0, algorithm: algorithm) }
            material = .publicKey(key.publicKey)
        }
        token = Array("\(input).\(Base64URL.encode(signature))".utf8)
        let key = try JSONWebKey(keyID: "key", algorithm: algorithm, material: material)
        verifier = TokenVerifier(issuers: [
            TokenIssuer(
                issuer: Samples.issuer,
                keys: .available(JSONWebKeySet(keys: [key])),
                audiences: [Samples.audience],
                userNameClaim: "name"
            )
        ])
    }

    private static func kind(_ algorithm: SignatureAlgorithm) -> PrivateKey.Kind {
        switch algorithm {
        case .es256: .ellipticCurve(.p256)
        case .eddsa: .ed25519
        default: .rsa(bits: 2048)
        }
    }
}
