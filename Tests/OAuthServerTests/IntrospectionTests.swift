import JSON
import JWT
import Testing

@testable import OAuthServer

@Suite struct IntrospectionTests {
    private func introspect(
        _ token: String?,
        _ test: TestServer,
        client: OAuthClient = TestServer.inspector,
        hint: String? = nil
    ) async throws -> JSONNode {
        let parameters = TestServer.parameters(["token": token, "token_type_hint": hint])
        return try JSONParser.parse(try await test.server.introspect(parameters, client: client))
    }

    private func expectInactive(_ node: JSONNode, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(node["active"]?.bool == false, sourceLocation: sourceLocation)
        // RFC 7662 §2.2: nothing more is said.
        #expect(node.members?.count == 1, sourceLocation: sourceLocation)
    }

    @Test(arguments: [nil, "access_token", "refresh_token", "nonsense"])
    func `an access token is described as it is`(hint: String?) async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens(resource: TestServer.api)
        let answer = try await introspect(tokens.accessToken, test, hint: hint)
        #expect(answer["active"]?.bool == true && answer["token_type"]?.string == "Bearer")
        #expect(answer["scope"]?.string == "openid notes:read" && answer["client_id"]?.string == "app")
        #expect(answer["username"]?.string == "ada" && answer["sub"]?.string == "ada")
        #expect(answer["iss"]?.string == TestServer.issuer && answer["aud"]?.string == TestServer.api)
        // The `exp` of the token, without any tolerance for clocks.
        #expect(answer["exp"]?.int64 == test.clock.now + 600 && answer["iat"]?.int64 == test.clock.now)
        #expect(answer["jti"]?.string == TestKeys.payload(of: tokens.accessToken)?["jti"]?.string)
    }

    @Test(arguments: [nil, "access_token", "refresh_token", "nonsense"])
    func `a refresh token is described, and can't be taken for an access token`(hint: String?) async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens()
        let answer = try await introspect(tokens.refreshToken, test, hint: hint)
        #expect(answer["active"]?.bool == true && answer["token_type"] == nil)
        #expect(answer["client_id"]?.string == "app" && answer["username"]?.string == "ada")
        #expect(answer["scope"]?.string == "openid notes:read")
        #expect(answer["exp"]?.int64 == test.clock.now + 14 * 86400)
    }

    @Test func `a token of a client that acts for itself has no user name`() async throws {
        let test = try await TestServer()
        let response = try await test.server.token(
            TestServer.parameters(["grant_type": "client_credentials"]),
            client: TestServer.machine,
            context: TestServer.context
        )
        let answer = try await introspect(response.accessToken, test)
        #expect(answer["active"]?.bool == true && answer["username"] == nil)
        #expect(answer["sub"]?.string == "machine" && answer["client_id"]?.string == "machine")
    }

    @Test func `a client may ask about its own tokens`() async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens()
        #expect(try await introspect(tokens.accessToken, test, client: TestServer.app)["active"]?.bool == true)
        #expect(try await introspect(tokens.refreshToken, test, client: TestServer.app)["active"]?.bool == true)
    }

    @Test func `a client learns nothing about another one's tokens`() async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens()
        expectInactive(try await introspect(tokens.accessToken, test, client: TestServer.otherApp))
        expectInactive(try await introspect(tokens.refreshToken, test, client: TestServer.otherApp))
    }

    @Test func `what is no token of ours is not active`() async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens()
        for token in ["x", "a.b.c", tokens.idToken, tokens.accessToken + "x"] {
            expectInactive(try await introspect(token, test))
        }
    }

    @Test func `a revoked token is not active`() async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens()
        try await test.server.revoke(
            TestServer.parameters(["token": tokens.refreshToken]),
            client: TestServer.app,
            context: TestServer.context
        )
        expectInactive(try await introspect(tokens.accessToken, test))
        expectInactive(try await introspect(tokens.refreshToken, test))
    }

    @Test func `a token that has expired is not active`() async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens()
        test.clock.advance(by: 605)
        expectInactive(try await introspect(tokens.accessToken, test))
        test.clock.advance(by: 14 * 86400)
        expectInactive(try await introspect(tokens.refreshToken, test))
    }

    @Test func `a refresh token that was used is not active`() async throws {
        let test = try await TestServer()
        let first = try await test.tokens()
        let second = try await test.refresh(first.refreshToken)
        expectInactive(try await introspect(first.refreshToken, test))
        #expect(try await introspect(second.refreshToken, test)["active"]?.bool == true)
    }

    @Test func `a client without a secret may not ask at all`() async throws {
        let test = try await TestServer()
        let tokens = try await test.tokens(for: TestServer.spa)
        await expectRefusal(.invalidClient, .wrongAuthenticationMethod) {
            _ = try await introspect(tokens.accessToken, test, client: TestServer.spa)
        }
    }

    @Test func `a token must be there, once`() async throws {
        let test = try await TestServer()
        await expectRefusal(.invalidRequest, .malformedRequest) { _ = try await introspect(nil, test) }
        await expectRefusal(.invalidRequest, .repeatedParameter) {
            let parameters = RequestParameters([("token", "a"), ("token", "b")])
            _ = try await test.server.introspect(parameters, client: TestServer.inspector)
        }
    }
}
