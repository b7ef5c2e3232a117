import Bytes
import Configuration
import Crypto

/// The program that the demo signs in to: what it asks for, and how its code becomes a token.
struct DemoClient: Sendable {
    let id: String
    /// Where the sample API waits for the user to come back.
    let redirectURI: String
    let scopes: [String]
    /// The proof that whoever redeems the code is who asked for it (RFC 7636); a real program makes one for each request.
    let codeVerifier: String
    /// The URL of the endpoints.
    let base: String
    /// How curl is told to trust the gateway; with a space after it, or nothing.
    let trust: String

    init(
        id: String,
        samplePort: UInt16,
        _ configuration: GatewayConfiguration,
        _ settings: AuthorizationServerSettings
    ) {
        self.id = id
        redirectURI = "http://127.0.0.1:\(samplePort)/callback"
        scopes = ["openid", "profile"] + configuration.scopes.map(\.name)
        codeVerifier = Base64URL.encode(SecureRandom.bytes(count: 32))
        base = "\(configuration.issuer.scheme)://\(configuration.issuer.authority)\(settings.basePath)"
        trust = CertificateTrust(configuration).option.map { $0 + " " } ?? ""
    }

    var codeChallenge: String { Base64URL.encode(Digest.sha256(codeVerifier)) }

    /// What to open in a browser (RFC 6749 §4.1.1).
    var authorizationURL: String {
        let parameters = [
            ("response_type", "code"), ("client_id", id), ("redirect_uri", redirectURI),
            ("scope", scopes.joined(separator: " ")), ("state", "demo"), ("code_challenge", codeChallenge),
            ("code_challenge_method", "S256"),
        ]
        let query = parameters.map { "\($0)=\(PercentEncoding.encodeComponent($1))" }.joined(separator: "&")
        return "\(base)/authorize?\(query)"
    }

    /// What the browser shows when it has come back (RFC 6749 §4.1.2).
    func callbackPage(query: String) -> String {
        let pairs = query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        let values = Dictionary(
            pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) },
            uniquingKeysWith: { first, _ in first }
        )
        guard let code = values["code"], code.utf8.allSatisfy(Self.isCodeByte) else {
            return
                "Back in the demo app, which got nothing: \(values["error"]?.filter { $0.isLetter || $0 == "_" } ?? "no code").\n"
        }
        return """
            Back in the demo app, which was given a code. Within a minute it becomes tokens:

            curl -sS \(trust)\(base)/token -d grant_type=authorization_code -d client_id=\(id) -d redirect_uri=\(redirectURI) \
            -d code_verifier=\(codeVerifier) -d code=\(code)

            """
    }

    private static func isCodeByte(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
