import JSON
import JWT
import Testing

@testable import OAuthServer

@Suite struct CodeGrantTests {
    @Test func `a code gives an access token that says what was allowed`() async throws {
        let test = try await TestServer()
        let response = try await test.tokens(scopes: ["openid", "notes:read"])
        let token = try #require(await test.keys.verify(accessToken: response.accessToken))
        #expect(token.issuer == TestServer.issuer && token.subject == "ada" && token.userName == "ada")
        #expect(token.clientID == "app" && token.scopes == ["openid", "notes:read"])
        #expect(token.audiences == [TestServer.issuer])
        #expect(token.claims["iat"]?.int64 == test.clock.now)
        #expect(token.claims["exp"]?.int64 == test.clock.now + 600)
        #expect(token.claims["auth_time"]?.int64 == test.clock.now - 30)
        #expect(token.claims["preferred_username"]?.string == "ada")
        #expect(token.tokenID?.utf8.count == 22)
        #expect(TestKeys.header(of: response.accessToken)?["typ"]?.string == "at+jwt")
    }

    @Test func `the answer says how long, for what and of which type`() async throws {
        let response = try await TestServer().tokens(scopes: ["notes:read", "notes:write"])
        let json = try JSONParser.parse(response.json())
        #expect(json["token_type"]?.string == "Bearer")
        #expect(json["expires_in"]?.int64 == 600)
        #expect(json["scope"]?.string == "notes:read notes:write")
        #expect(json["access_token"]?.string == response.accessToken)
        #expect(json["refresh_token"]?.string == response.refreshToken)
    }

    @Test func `the grant is stored, named by the token, and audited`() async throws {
        let test = try await TestServer()
        let response = try await test.tokens(scopes: ["notes:read"], resource: TestServer.api)
        let token = try #require(await test.keys.verify(accessToken: response.accessToken))
        let grant = try #require(await test.store.grants(.ofUser("ada")).first)
        #expect(token.grantID == grant.id)
        #expect(grant.clientID == "app" && grant.scopes == ["notes:read"] && grant.resource == TestServer.api)
        #expect(grant.authenticatedAt == test.clock.now - 30 && grant.tokensExpireAt == test.clock.now + 600)
        #expect(test.audit.events == [AuditEvent(.grantCreated, grant: grant, context: TestServer.context)])
    }

    @Test func `an ID token comes with openid, bound to request and access token`() async throws {
        let test = try await TestServer()
        let response = try await test.tokens(scopes: ["openid"])
        let idToken = try #require(response.idToken)
        let claims = try #require(await test.keys.claims(ofIDToken: idToken))
        #expect(TestKeys.header(of: idToken)?["alg"]?.string == "RS256")
        #expect(claims["iss"]?.string == TestServer.issuer && claims["sub"]?.string == "ada")
        #expect(claims["aud"]?.string == "app" && claims["nonce"]?.string == "n1")
        #expect(claims["auth_time"]?.int64 == test.clock.now - 30)
        #expect(claims["exp"]?.int64 == test.clock.now + 600 && claims["iat"]?.int64 == test.clock.now)
        let hash = IDTokenClaims.hash(of: response.accessToken, algorithm: .rs256)
        #expect(claims["at_hash"]?.string == hash)
    }

    @Test func `an ID token is signed as the client is registered`() async throws {
        let response = try await TestServer().tokens(for: TestServer.spa, scopes: ["openid"])
        #expect(TestKeys.header(of: try #require(response.idToken))?["alg"]?.string == "ES256")
    }

    @Test func `no ID token comes without openid`() async throws {
        #expect(try await TestServer().tokens(scopes: ["notes:read"]).idToken == nil)
    }

    @Test func `a refresh token goes only to clients that are registered for it`() async throws {
        let test = try await TestServer()
        #expect(try await test.tokens(for: TestServer.app).refreshToken != nil)
        #expect(try await test.tokens(for: TestServer.spa).refreshToken == nil)
    }

    @Test func `the redirect URI may be left out where the authorization request had none`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode { $0.redirectURIWasSent = false }
        let parameters = TestServer.codeParameters(code, ["redirect_uri": nil])
        _ = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
    }

    @Test func `a code without a challenge needs no verifier`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode { $0.codeChallenge = nil }
        let parameters = TestServer.codeParameters(code, ["code_verifier": nil])
        _ = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
    }

    @Test func `a grant for the issuer gives a token for one resource where the client asks for it`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode()
        let parameters = TestServer.codeParameters(code, ["resource": TestServer.api])
        let response = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
        #expect(await test.keys.verify(accessToken: response.accessToken)?.audiences == [TestServer.api])
        #expect(await test.store.grants(.all).first?.resource == TestServer.issuer)
    }

    @Test func `the resource of the grant may be named again`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode(resource: TestServer.api)
        let parameters = TestServer.codeParameters(code, ["resource": TestServer.api])
        let response = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
        #expect(await test.keys.verify(accessToken: response.accessToken)?.audiences == [TestServer.api])
    }

    @Test func `parameters that nobody knows are ignored`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode()
        let parameters = TestServer.codeParameters(code, ["unknown": "x", "scope": "notes:admin"])
        let response = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
        #expect(response.scopes == ["openid", "notes:read"])
    }

    @Test func `a grant too many ends the oldest, whose tokens are refused at once`() async throws {
        let test = try await TestServer()
        let oldest = try await test.tokens()
        let gid = try #require(await test.keys.verify(accessToken: oldest.accessToken)?.grantID)
        for _ in 1..<Grant.limitPerUserAndClient {
            test.clock.advance(by: 1)
            _ = try await test.tokens()
        }
        #expect(await test.keys.verify(accessToken: oldest.accessToken) != nil)
        test.clock.advance(by: 1)
        let newest = try await test.tokens()
        #expect(await test.keys.verify(accessToken: oldest.accessToken) == nil)
        #expect(await test.keys.verify(accessToken: newest.accessToken) != nil)
        await expectRefusal(.invalidGrant, .unknownRefreshToken) { _ = try await test.refresh(oldest.refreshToken) }
        let ended = test.audit.events.filter { $0.kind == .grantRevoked }
        #expect(ended.map(\.grant) == [gid] && ended.first?.user == "ada" && ended.first?.client == "app")
    }
}
