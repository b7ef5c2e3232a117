import Testing

@testable import OAuthServer

@Suite struct TokenEndpointRejectionTests {
    private func expectRefused(
        _ code: OAuthError.Code,
        _ reason: OAuthError.Reason,
        _ pairs: [(name: String, value: String)],
        client: OAuthClient = TestServer.app
    ) async throws {
        let test = try await TestServer()
        await expectRefusal(code, reason) {
            _ = try await test.server.token(RequestParameters(pairs), client: client, context: TestServer.context)
        }
    }

    @Test func `a grant type must be named`() async throws {
        try await expectRefused(.invalidRequest, .malformedRequest, [])
        try await expectRefused(.invalidRequest, .malformedRequest, [("grant_type", "")])
    }

    @Test(arguments: ["password", "implicit", "Authorization_Code", "urn:ietf:params:oauth:grant-type:jwt-bearer", "x"])
    func `other grant types are not supported`(name: String) async throws {
        try await expectRefused(.unsupportedGrantType, .unsupportedGrantType, [("grant_type", name)])
    }

    @Test func `a grant type that the client is not registered for is refused`() async throws {
        try await expectRefused(
            .unauthorizedClient,
            .grantTypeNotRegistered,
            [("grant_type", "client_credentials")]
        )
        try await expectRefused(
            .unauthorizedClient,
            .grantTypeNotRegistered,
            [("grant_type", "refresh_token"), ("refresh_token", "x")],
            client: TestServer.spa
        )
        try await expectRefused(
            .unauthorizedClient,
            .grantTypeNotRegistered,
            [("grant_type", "authorization_code"), ("code", "x")],
            client: TestServer.machine
        )
    }

    @Test(arguments: ["grant_type", "code", "code_verifier", "anything"])
    func `a parameter that is there twice is refused`(name: String) async throws {
        try await expectRefused(
            .invalidRequest,
            .repeatedParameter,
            [("grant_type", "authorization_code"), ("code", "x"), (name, "1"), (name, "2")]
        )
    }
}
