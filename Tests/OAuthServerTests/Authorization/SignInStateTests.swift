import JWT
import Testing

@testable import OAuthServer

/// Who has to sign in before anything is asked (OpenID Connect Core §3.1.2.1).
struct SignInStateTests {
    private func step(
        _ test: TestServer,
        _ request: AuthorizationRequest,
        _ user: SignedInUser?
    ) async throws
        -> AuthorizationStep
    {
        try await test.server.decide(request, signedIn: user)
    }

    @Test func `nobody signed in has to sign in`() async throws {
        let test = try await TestServer()
        #expect(try await step(test, try await test.valid(), nil).signInPrompt == .first)
    }

    @Test func `whoever is signed in is asked at once`() async throws {
        let test = try await TestServer()
        #expect(try await test.prompt(try await test.valid()).user.name == "ada")
    }

    @Test(arguments: ["login", "select_account", "login consent"])
    func `the user signs in again where the client wants it, once`(_ prompt: String) async throws {
        let test = try await TestServer()
        var request = try await test.valid(["prompt": prompt])
        #expect(try await step(test, request, test.ada(0)).signInPrompt == .confirm(user: "ada"))
        // An old session is not made fresh by the mark.
        request.hasSignedIn = true
        #expect(try await step(test, request, test.ada(1)).signInPrompt == .confirm(user: "ada"))
        _ = try await test.prompt(request, by: test.ada(0))
    }

    @Test func `the user signs in again when it was too long ago`() async throws {
        let test = try await TestServer()
        var request = try await test.valid(["max_age": "60"])
        _ = try await test.prompt(request, by: test.ada(60))
        #expect(try await step(test, request, test.ada(61)).signInPrompt == .confirm(user: "ada"))
        request.hasSignedIn = true
        let user = test.ada(0)
        test.clock.advance(by: 600)
        // They have signed in for this request, and thought about it for long.
        _ = try await test.prompt(request, by: user)
    }

    @Test func `max_age=0 is prompt=login`() async throws {
        let test = try await TestServer()
        let request = try await test.valid(["max_age": "0"])
        #expect(try await step(test, request, test.ada(0)).signInPrompt == .confirm(user: "ada"))
    }

    // OpenID Connect Core §3.1.2.6
    @Test func `prompt=none never shows a page`() async throws {
        let test = try await TestServer()
        let request = try await test.valid(["prompt": "none"])
        #expect(try await step(test, request, nil).errorCode == .loginRequired)
        #expect(try await step(test, request, test.ada()).errorCode == .consentRequired)
        _ = try await test.allow(try await test.valid(), ["notes:read"])
        #expect(try await test.code(in: try await step(test, request, test.ada())) != nil)
        let old = try await test.valid(["prompt": "none", "max_age": "10"])
        #expect(try await step(test, old, test.ada(11)).errorCode == .loginRequired)
    }

    @Test func `the form of the consent page does not get around signing in`() async throws {
        let test = try await TestServer()
        let request = try await test.valid(["prompt": "login"])
        let context = TestServer.context
        let step = try await test.server.allow(request, by: test.ada(), scopes: ["notes:read"], context: context)
        #expect(step.signInPrompt == .confirm(user: "ada"))
        let other = try await test.server.allow(try await test.valid(), by: nil, scopes: ["openid"], context: context)
        #expect(other.signInPrompt == .first)
    }

    @Test func `an ID token as a hint says who must sign in`() async throws {
        let test = try await TestServer()
        let token = try await test.tokens()
        var request = try await test.valid(["id_token_hint": token.idToken])
        #expect(request.requiredUser == "ada")
        _ = try await test.prompt(request)
        let bob = SignedInUser(name: "bob", restrictedScopes: [], authenticatedAt: test.clock.now)
        #expect(try await step(test, request, bob).signInPrompt == .otherAccount(user: "ada"))
        // §3.1.2.2: another user than the hint's may not be the answer.
        request.hasSignedIn = true
        #expect(try await step(test, request, bob).errorCode == .loginRequired)
        request.hasSignedIn = false
        request.prompts = [.none]
        #expect(try await step(test, request, bob).errorCode == .loginRequired)
    }

    @Test func `an ID token of another client is no hint`() async throws {
        let test = try await TestServer()
        let token = try await test.tokens(for: TestServer.spa)
        let response = try await test.refusal(TestServer.authorization(["id_token_hint": token.idToken]))
        #expect(response.error?.code == .invalidRequest)
    }
}
