import Configuration
import Testing

@testable import Application

@Suite struct ConfigurationCheckTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func check(_ changes: (String, String)...) throws -> ConfigurationCheck {
        var text = DemoConfigurationText.text
        for (old, new) in changes { text = text.replacing(old, with: new) }
        return try ConfigurationCheck(ConfigurationFile(path: try folder.write(text, to: "gateway.json")))
    }

    @Test func `a good file is good, and nothing is made`() throws {
        let check = try check()
        #expect(check.isValid && check.warnings.isEmpty)
        #expect(
            check.lines.count == 1 && check.lines[0].hasSuffix("1 listener, 3 routes, 2 scopes, 1 upstream, 1 issuer")
        )
        #expect(folder.contents == ["gateway.json"])
    }

    @Test func `a file that is not there is said`() {
        #expect(throws: ApplicationError.self) {
            try ConfigurationCheck(ConfigurationFile(path: folder.path + "/none.json"))
        }
    }

    @Test func `routes that can't be told apart are errors at their line`() throws {
        let check = try check(
            (
                #"{ "path": "/public/**", "access": "public", "upstream": "legacy" },"#,
                #"{ "path": "/public/**", "access": "public", "upstream": "legacy" }, { "path": "/public/**", "access": "deny" },"#
            )
        )
        #expect(check.errors.map(\.pointer) == ["/routes/1"] && check.errors[0].line == 15)
        #expect(check.errors[0].problem.contains("/routes/0"))
    }

    @Test(arguments: [
        ("nonsense", false, "line 1"), (#"{"keys": [{"kty": "RSA"}]}"#, false, "none of its keys can be used: key 0"),
        (#"{"keys": []}"#, true, "holds no key"), (nil, false, "No such file"),
        (
            #"{"keys": [{"kty": "oct", "kid": "a", "alg": "HS256", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}, {"kty": "X"}]}"#,
            true, "key 1: its type or curve"
        ),
        (
            #"{"keys": [{"kty": "oct", "kid": "a", "alg": "HS384", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v"}]}"#,
            true, "the key \"a\" is for none of this issuer's algorithms"
        ),
    ])
    func `key sets are opened`(keys: String?, isValid: Bool, text: String) throws {
        if let keys { try folder.write(keys, to: "keys.json") }
        let issuer = """
            "trusted_issuers": [{ "issuer": "https://issuer.example", "jwks_file": "keys.json", "audiences": ["a"], \
            "algorithms": ["HS256"], "user_prefix": "x:" }]
            """
        let check = try check((#""trusted_issuers": []"#, issuer))
        #expect(check.isValid == isValid)
        let findings = isValid ? check.warnings : check.errors
        #expect(findings.map(\.pointer) == ["/trusted_issuers/0/jwks_file"])
        #expect(findings.first?.problem.contains(text) == true, "\(findings)")
    }

    @Test func `certificates and secrets are opened, and all faults come at once`() throws {
        try folder.write("nonsense", to: "cert.pem")
        let check = try check(
            (#""self_signed": true"#, #""certificate_file": "cert.pem", "private_key_file": "none.pem""#),
            (
                #""authorization_server": {}"#,
                #""authorization_server": { "encryption_key": { "env": "GATEHOUSE_NO_SUCH" } }"#
            ),
            (
                #""servers": ["http://127.0.0.1:9000"]"#,
                #""servers": ["https://127.0.0.1:9000"], "tls": { "ca_file": "no.pem" }"#
            )
        )
        #expect(
            check.errors.map(\.pointer) == [
                "/listeners/0/tls", "/upstreams/legacy/tls", "/authorization_server/encryption_key",
            ]
        )
        #expect(check.json.contains(#""valid": false"#))
    }

    @Test(arguments: [("a secret of twenty-four b", true), ("too short", false), ("${HEX}", true)])
    func `an encryption key may be any secret that is long enough`(secret: String, isValid: Bool) throws {
        let secret = secret == "${HEX}" ? String(repeating: "0f", count: 32) : secret
        let file = try folder.write(secret + "\n", to: "secret.txt")
        let check = try check(
            (#""authorization_server": {}"#, #""authorization_server": { "encryption_key": { "file": "\#(file)" } }"#)
        )
        #expect(check.isValid == isValid)
        #expect(!check.lines.joined().contains(secret))
    }
}
