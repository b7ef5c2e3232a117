import JSON
import JWT
import Testing

@testable import OAuthServer

@Suite struct UserInfoTests {
    private func userInfo(
        _ test: TestServer,
        scopes: [String],
        resource: String = TestServer.issuer
    ) async throws
        -> JSONNode
    {
        let response = try await test.tokens(scopes: scopes, resource: resource)
        let token = try #require(await test.keys.verify(accessToken: response.accessToken))
        return try JSONParser.parse(try await test.server.userInfo(token: token))
    }

    private func names(_ node: JSONNode) -> Set<String> { Set((node.members ?? []).map(\.name)) }

    @Test func `openid alone tells who it is and no more`() async throws {
        let answer = try await userInfo(TestServer(), scopes: ["openid", "notes:read"])
        #expect(answer["sub"]?.string == "ada" && names(answer) == ["sub"])
    }

    @Test func `profile adds the names`() async throws {
        let answer = try await userInfo(TestServer(), scopes: ["openid", "profile"])
        #expect(answer["name"]?.string == "Ada Lovelace" && answer["preferred_username"]?.string == "ada")
        #expect(names(answer) == ["sub", "name", "preferred_username"])
    }

    @Test func `email adds the address`() async throws {
        let answer = try await userInfo(TestServer(), scopes: ["openid", "email"])
        #expect(answer["email"]?.string == "ada@example.org" && names(answer) == ["sub", "email"])
    }

    @Test func `what is not known of a user is left out`() async throws {
        let test = try await TestServer()
        #expect(await test.store.insertUser(OAuthUser(name: "bob", passwordHash: "", createdAt: 0)))
        let code = await test.issueCode(scopes: ["openid", "profile", "email"]) { $0.userName = "bob" }
        let response = try await test.server.token(
            TestServer.codeParameters(code),
            client: TestServer.app,
            context: TestServer.context
        )
        let token = try #require(await test.keys.verify(accessToken: response.accessToken))
        let answer = try JSONParser.parse(try await test.server.userInfo(token: token))
        #expect(names(answer) == ["sub", "preferred_username"])
    }

    @Test func `a token for one of our other resources is taken too`() async throws {
        let answer = try await userInfo(TestServer(), scopes: ["openid"], resource: TestServer.api)
        #expect(answer["sub"]?.string == "ada")
    }

    @Test func `a token without openid is refused with 403`() async throws {
        let test = try await TestServer()
        let response = try await test.tokens(scopes: ["profile", "email", "notes:read"])
        let token = try #require(await test.keys.verify(accessToken: response.accessToken))
        let error = await #expect(throws: OAuthError.self) { _ = try await test.server.userInfo(token: token) }
        #expect(error?.code == .insufficientScope && error?.status == 403)
    }

    @Test func `a token of a user who has gone or is disabled is refused with 401`() async throws {
        let test = try await TestServer()
        let response = try await test.tokens(scopes: ["openid"])
        let token = try #require(await test.keys.verify(accessToken: response.accessToken))
        _ = try await test.store.setDisabled(true, user: "ada", at: test.clock.now)
        await expectRefusal(.invalidToken, .unknownUser) { _ = try await test.server.userInfo(token: token) }
        _ = try await test.store.removeUser("ada", at: test.clock.now)
        let error = await #expect(throws: OAuthError.self) { _ = try await test.server.userInfo(token: token) }
        #expect(error?.code == .invalidToken && error?.status == 401)
    }

    @Test func `a token for somebody else's resource is refused`() async throws {
        var test = try await TestServer()
        let response = try await test.tokens(scopes: ["openid"], resource: TestServer.api)
        let token = try #require(await test.keys.verify(accessToken: response.accessToken))
        test.definition.resources = [TestServer.issuer]
        let changed = test
        await expectRefusal(.invalidToken, .unknownToken) { _ = try await changed.server.userInfo(token: token) }
    }

    @Test(arguments: [true, false])
    func `a foreign token, and a client's own, are about none of our users`(isOwn: Bool) async throws {
        let test = try await TestServer()
        let token = VerifiedToken(
            issuer: TestServer.issuer,
            issuerIndex: 0,
            isOwn: isOwn,
            subject: "ada",
            userName: isOwn ? nil : "ada",
            clientID: "ada",
            scopes: ["openid"],
            audiences: [TestServer.issuer],
            expiresAt: .max,
            tokenID: "t",
            grantID: nil,
            keyID: nil,
            claims: try JSONParser.parse(Array("{}".utf8))
        )
        await expectRefusal(.invalidToken, isOwn ? .unknownUser : .unknownToken) {
            _ = try await test.server.userInfo(token: token)
        }
    }
}
