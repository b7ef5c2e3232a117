import Testing

@testable import OAuthServer

/// Signing out as a client asks (OpenID Connect RP-Initiated Logout).
struct EndSessionTests {
    static let goodbye = "https://app.example/bye?x=1"

    private func server() async throws -> TestServer {
        let test = try await TestServer()
        var client = TestServer.app
        client.id = "polite"
        client.postLogoutRedirectURIs = [Self.goodbye]
        #expect(await test.store.insertClient(client))
        return test
    }

    private func logout(_ test: TestServer, _ values: [String: String?]) async throws -> LogoutRequest {
        try await test.server.endSession(TestServer.parameters(values))
    }

    @Test func `with the user's ID token nobody has to be asked`() async throws {
        let test = try await server()
        let client = try #require(await test.store.client("polite"))
        let hint = try await test.tokens(for: client).idToken
        let request = try await logout(
            test,
            ["id_token_hint": hint, "post_logout_redirect_uri": Self.goodbye, "state": "a b"]
        )
        #expect(request.client?.id == "polite")
        #expect(request.user == "ada")
        #expect(request.returnAddress == "https://app.example/bye?x=1&state=a%20b")
        #expect(request.returnTarget == .web(host: "app.example"))
        #expect(!request.needsConfirmation(signedIn: "ada"))
        #expect(request.needsConfirmation(signedIn: "bob"))
        #expect(!request.needsConfirmation(signedIn: nil))
    }

    @Test func `an expired ID token is good enough`() async throws {
        let test = try await server()
        let hint = try await test.tokens().idToken
        test.clock.advance(by: 86400)
        #expect(try await logout(test, ["id_token_hint": hint]).user == "ada")
    }

    @Test func `without an ID token the user is asked, and can go back to a registered address`() async throws {
        let test = try await server()
        let request = try await logout(test, ["client_id": "polite", "post_logout_redirect_uri": Self.goodbye])
        #expect(request.returnAddress == Self.goodbye)
        #expect(request.needsConfirmation(signedIn: "ada"))
    }

    @Test(arguments: [
        "https://app.example/bye", "https://evil.example/", "https://app.example/bye?x=1#y", "javascript:alert(1)",
        "https://app.example/callback", "https://app.example/bye?x=1&y",
    ])
    func `an address that is not registered is not gone back to`(_ address: String) async throws {
        let test = try await server()
        let request = try await logout(test, ["client_id": "polite", "post_logout_redirect_uri": address])
        #expect(request.client?.id == "polite")
        #expect(request.returnAddress == nil)
    }

    @Test func `without a client there is nowhere to go back to`() async throws {
        let test = try await server()
        for values in [[:], ["client_id": "nobody"], ["id_token_hint": "a.b.c"]] as [[String: String]] {
            let parameters = values.merging(["post_logout_redirect_uri": Self.goodbye]) { $1 }
            let request = try await logout(test, parameters)
            #expect(request.returnAddress == nil)
            #expect(request.needsConfirmation(signedIn: "ada"))
        }
    }

    // RP-Initiated Logout §2
    @Test func `another client's ID token counts for nothing`() async throws {
        let test = try await server()
        let hint = try await test.tokens().idToken
        let request = try await logout(
            test,
            ["id_token_hint": hint, "client_id": "polite", "post_logout_redirect_uri": Self.goodbye]
        )
        #expect(request == LogoutRequest())
    }

    @Test func `an access token is no ID token`() async throws {
        let test = try await server()
        let token = try await test.tokens().accessToken
        #expect(try await logout(test, ["id_token_hint": token]).user == nil)
    }

    @Test func `a repeated parameter counts for nothing`() async throws {
        let test = try await server()
        let pairs = [("client_id", "polite"), ("client_id", "polite"), ("post_logout_redirect_uri", Self.goodbye)]
        let request = try await test.server.endSession(RequestParameters(pairs.map { ($0.0, $0.1) }))
        #expect(request == LogoutRequest())
    }
}
