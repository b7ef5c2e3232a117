import Testing

@testable import OAuthServer

/// Authorization requests that are refused: by a page where the redirect URI can't be trusted, else by a redirect.
struct AuthorizationRejectionTests {
    // RFC 6749 §4.1.2.1: the browser must not be sent to an address that nobody registered.
    @Test(arguments: [
        "https://evil.example/", "https://app.example/callback/", "https://app.example/callback#x",
        "https://app.example@evil.example/callback", "//evil.example", "javascript:alert(1)",
        "https://app.example/callback ",
        "https://app.example/callback\u{301}", "http://127.0.0.1/",
    ])
    func `a redirect URI that is not registered gets a page`(_ uri: String) async throws {
        let test = try await TestServer()
        let error = try await test.page(TestServer.authorization(["redirect_uri": uri]))
        #expect(error == .redirectURINotRegistered(client: TestServer.app, uri: uri))
    }

    @Test func `an unknown client gets a page`() async throws {
        let test = try await TestServer()
        for id in ["nobody", "APP", "app ", "app\u{0}", "app\u{301}", "a'--", String(repeating: "a", count: 5000)] {
            let error = try await test.page(TestServer.authorization(["client_id": id]))
            #expect(error == .unknownClient(id: id))
        }
        let error = try await test.page(TestServer.authorization(["client_id": nil]))
        #expect(error == .unknownClient(id: nil))
    }

    @Test func `a client that has no redirect URI, or several and names none, gets a page`() async throws {
        let test = try await TestServer()
        var client = TestServer.app
        client.id = "two"
        client.redirectURIs.append("https://app.example/other")
        #expect(await test.store.insertClient(client))
        for id in ["two", "machine"] {
            let parameters = TestServer.authorization(["client_id": id, "redirect_uri": nil])
            guard case .malformed = try await test.page(parameters) else {
                throw TestFailure(what: "it was answered with another page")
            }
        }
    }

    @Test(arguments: ["client_id", "redirect_uri"])
    func `a repeated client or redirect URI gets a page`(_ name: String) async throws {
        let test = try await TestServer()
        let pairs = [
            ("response_type", "code"), ("client_id", "app"), ("redirect_uri", TestServer.callback),
            (name, name == "client_id" ? "app" : TestServer.callback),
        ]
        guard case .malformed = try await test.page(RequestParameters(pairs.map { ($0.0, $0.1) })) else {
            throw TestFailure(what: "it was answered with another page")
        }
    }

    // RFC 6749 §4.1.2.1, RFC 9207 §2
    @Test(
        arguments: [
            ("response_type", nil, .invalidRequest, .malformedRequest),
            ("response_type", "token", .unsupportedResponseType, .unsupportedResponseType),
            ("response_type", "code id_token", .unsupportedResponseType, .unsupportedResponseType),
            ("response_mode", "fragment", .invalidRequest, .unsupportedResponseMode),
            ("request", "e30.e30.", .requestNotSupported, .unsupportedParameter),
            ("request_uri", "https://evil.example/", .requestURINotSupported, .unsupportedParameter),
            ("registration", "{}", .registrationNotSupported, .unsupportedParameter),
            ("scope", "openid root", .invalidScope, .unknownScope),
            ("scope", "notes:read\u{301}", .invalidScope, .unknownScope),
            ("scope", "openid\tnotes:read", .invalidScope, .unknownScope),
            ("resource", "https://evil.example", .invalidTarget, .unknownResource),
            ("resource", TestServer.api + "/", .invalidTarget, .unknownResource),
            ("resource", TestServer.issuer + "/x", .invalidTarget, .unknownResource),
            ("resource", TestServer.issuer + "#x", .invalidTarget, .unknownResource),
            ("code_challenge", nil, .invalidRequest, .missingPKCE),
            ("code_challenge", "short", .invalidRequest, .unsupportedPKCE),
            ("code_challenge", TestServer.challenge + "A", .invalidRequest, .unsupportedPKCE),
            ("code_challenge", String(TestServer.challenge.dropLast()) + "=", .invalidRequest, .unsupportedPKCE),
            ("code_challenge_method", nil, .invalidRequest, .unsupportedPKCE),
            ("code_challenge_method", "plain", .invalidRequest, .unsupportedPKCE),
            ("code_challenge_method", "s256", .invalidRequest, .unsupportedPKCE),
            ("prompt", "dance", .invalidRequest, .malformedRequest),
            ("prompt", "login dance", .invalidRequest, .malformedRequest),
            ("prompt", "none login", .invalidRequest, .malformedRequest),
            ("max_age", "-1", .invalidRequest, .malformedRequest),
            ("max_age", "9999999999999", .invalidRequest, .malformedRequest),
            ("max_age", "٣", .invalidRequest, .malformedRequest),
            ("id_token_hint", "a.b.c", .invalidRequest, .malformedRequest),
            ("nonce", String(repeating: "n", count: 1025), .invalidRequest, .malformedRequest),
            ("redirect_uri", nil, .invalidRequest, .missingRedirectURI),
        ] as [(String, String?, OAuthError.Code, OAuthError.Reason)]
    )
    func `the client is told what is wrong, with its state and who we are`(
        _ name: String,
        _ value: String?,
        _ code: OAuthError.Code,
        _ reason: OAuthError.Reason
    ) async throws {
        let test = try await TestServer()
        let response = try await test.refusal(TestServer.authorization([name: value]))
        #expect(response.error?.code == code)
        #expect(response.error?.reason == reason)
        #expect(response.location.hasPrefix(TestServer.callback + "?"))
        #expect(response.parameter("error") == code.rawValue)
        #expect(response.parameter("state") == "s%201")
        #expect(response.parameter("iss") == "https%3A%2F%2Fissuer.example")
        #expect(response.parameter("code") == nil)
    }

    @Test func `a scope that is not the client's is refused`() async throws {
        let test = try await TestServer()
        let response = try await test.refusal(
            TestServer.authorization([
                "client_id": "spa", "redirect_uri": "https://spa.example/", "scope": "notes:write",
            ])
        )
        #expect(response.error?.code == .invalidScope)
        #expect(response.error?.reason == .scopeNotAllowed)
    }

    @Test func `a client that is not registered for codes is refused`() async throws {
        let test = try await TestServer()
        var client = TestServer.machine
        client.id = "web"
        client.redirectURIs = [TestServer.callback]
        #expect(await test.store.insertClient(client))
        let response = try await test.refusal(TestServer.authorization(["client_id": "web"]))
        #expect(response.error?.code == .unauthorizedClient)
    }

    // RFC 6749 §3.1: no parameter more than once.
    @Test(arguments: ["scope", "state", "response_type", "code_challenge", "nonce", "anything"])
    func `a repeated parameter is refused`(_ name: String) async throws {
        let test = try await TestServer()
        let pairs = [
            ("response_type", "code"), ("client_id", "app"), ("redirect_uri", TestServer.callback), ("state", "s1"),
            ("code_challenge", TestServer.challenge), ("code_challenge_method", "S256"), ("scope", "openid"),
            ("nonce", "n"), ("anything", "x"), (name, "y"),
        ]
        let response = try await test.refusal(RequestParameters(pairs.map { ($0.0, $0.1) }))
        #expect(response.error?.reason == .repeatedParameter)
        #expect(response.parameter("state") == (name == "state" ? nil : "s1"))
    }

    @Test func `two different resources are refused`() async throws {
        let test = try await TestServer()
        let pairs = [
            ("response_type", "code"), ("client_id", "app"), ("code_challenge", TestServer.challenge),
            ("code_challenge_method", "S256"), ("resource", TestServer.issuer), ("resource", TestServer.api),
        ]
        let response = try await test.refusal(RequestParameters(pairs.map { ($0.0, $0.1) }))
        #expect(response.error?.code == .invalidTarget)
    }

    @Test func `a state that is too long is refused`() async throws {
        let test = try await TestServer()
        let response = try await test.refusal(
            TestServer.authorization(["state": String(repeating: "s", count: 4097)])
        )
        #expect(response.error?.code == .invalidRequest)
    }

    @Test func `what a client says can't get out of its place in the redirect`() async throws {
        let test = try await TestServer()
        let response = try await test.refusal(
            TestServer.authorization(["state": "a&code=x#y\r\nSet-Cookie: z", "scope": "a\"&code=x"])
        )
        #expect(response.parameter("code") == nil)
        #expect(response.parameter("state") == "a%26code%3Dx%23y%0D%0ASet-Cookie%3A%20z")
        #expect(response.location.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") })
    }
}
