import Testing

@testable import OAuthServer

struct AuthorizationRequestTests {
    @Test func `a good request is valid, with all that it says`() async throws {
        let test = try await TestServer()
        let request = try await test.valid([
            "resource": TestServer.api, "nonce": "n 1", "prompt": "login consent", "max_age": "300",
            "login_hint": "ada",
        ])
        #expect(request.clientID == "app")
        #expect(request.redirectURI == TestServer.callback)
        #expect(request.redirectURIWasSent)
        #expect(request.state == "s 1")
        #expect(request.scopes == ["openid", "notes:read"])
        #expect(request.resource == TestServer.api)
        #expect(request.nonce == "n 1")
        #expect(request.codeChallenge == TestServer.challenge)
        #expect(request.prompts == [.login, .consent])
        #expect(request.maximumAge == 300)
        #expect(request.loginHint == "ada")
        #expect(request.receivedAt == test.clock.now)
        #expect(!request.hasSignedIn)
    }

    @Test func `a sealed request comes back as it was`() async throws {
        let test = try await TestServer()
        var full = try await test.valid([
            "nonce": "\u{0}\"é", "prompt": "select_account", "max_age": "0", "login_hint": "x", "state": "\\u0000\n",
        ])
        full.requiredUser = "ada"
        full.hasSignedIn = true
        #expect(AuthorizationRequest(encoded: full.encoded()) == full)
        let sparse = try await test.valid(["state": nil])
        #expect(AuthorizationRequest(encoded: sparse.encoded()) == sparse)
    }

    @Test func `other bytes are no request`() async throws {
        let bytes = try await TestServer().valid().encoded()
        for end in bytes.indices { #expect(AuthorizationRequest(encoded: Array(bytes[..<end])) == nil) }
        #expect(AuthorizationRequest(encoded: Array("{}".utf8)) == nil)
        #expect(AuthorizationRequest(encoded: Array("[1]".utf8)) == nil)
    }

    // RFC 6749 §3.1.2.3
    @Test func `the redirect URI can be left out where only one is registered`() async throws {
        let test = try await TestServer()
        let request = try await test.valid(["redirect_uri": nil, "scope": "notes:read"])
        #expect(request.redirectURI == TestServer.callback)
        #expect(!request.redirectURIWasSent)
    }

    // RFC 6749 §3.1: a parameter without a value counts as left out.
    @Test func `an empty parameter counts as left out`() async throws {
        let test = try await TestServer()
        let request = try await test.valid(["state": "", "scope": "", "nonce": "", "prompt": "", "resource": ""])
        #expect(request.state == nil)
        #expect(request.scopes == [])
        #expect(request.nonce == nil)
        #expect(request.resource == TestServer.issuer)
    }

    // RFC 6749 §3.1: unknown parameters are ignored.
    @Test func `what nobody knows is ignored`() async throws {
        let test = try await TestServer()
        let request = try await test.valid(["foo": "bar", "claims": "{}", "acr_values": "1", "ui_locales": "de"])
        #expect(request == (try await test.valid()))
    }

    @Test func `a scope that is named twice counts once`() async throws {
        let test = try await TestServer()
        let request = try await test.valid(["scope": "notes:read  openid notes:read"])
        #expect(request.scopes == ["notes:read", "openid"])
    }

    // RFC 8707 §2
    @Test func `a resource can be repeated, and an empty path is a slash`() async throws {
        let test = try await TestServer()
        let pairs = [
            ("response_type", "code"), ("client_id", "app"), ("code_challenge", TestServer.challenge),
            ("code_challenge_method", "S256"), ("resource", TestServer.issuer), ("resource", TestServer.issuer + "/"),
        ]
        guard
            case .valid(let request, _) = try await test.server.validate(RequestParameters(pairs.map { ($0.0, $0.1) }))
        else { throw TestFailure(what: "the request was refused") }
        #expect(request.resource == TestServer.issuer)
    }

    @Test func `PKCE can be left out by confidential clients where the configuration says so`() async throws {
        var test = try await TestServer()
        test.definition.requiresPKCE = .publicClients
        let request = try await test.valid(["code_challenge": nil, "code_challenge_method": nil])
        #expect(request.codeChallenge == nil)
        let response = try await test.refusal(
            TestServer.authorization([
                "client_id": "spa", "redirect_uri": "https://spa.example/", "code_challenge": nil,
                "code_challenge_method": nil,
            ])
        )
        #expect(response.error?.reason == .missingPKCE)
    }
}
