import JWT
import Testing

@testable import OAuthServer

@Suite struct CodeGrantRejectionTests {
    /// Exchanges a code with changed parameters and expects a refusal that leaves the code good.
    private func expectRefused(
        _ code: OAuthError.Code,
        _ reason: OAuthError.Reason,
        _ changes: [String: String?],
        change: (inout AuthorizationCode) -> Void = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let test = try await TestServer()
        let text = await test.issueCode(change: change)
        await expectRefusal(code, reason, sourceLocation: sourceLocation) {
            let parameters = TestServer.codeParameters(text, changes)
            _ = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
        }
        #expect(await test.store.grants(.all).isEmpty, sourceLocation: sourceLocation)
    }

    @Test(arguments: ["", "x", "é"])
    func `an unknown code is refused`(code: String) async throws {
        let isMissing = code.isEmpty
        try await expectRefused(
            isMissing ? .invalidRequest : .invalidGrant,
            isMissing ? .malformedRequest : .unknownCode,
            ["code": code]
        )
    }

    @Test func `an expired code is refused`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode()
        test.clock.advance(by: 60)
        await expectRefusal(.invalidGrant, .unknownCode) {
            _ = try await test.server.token(
                TestServer.codeParameters(code),
                client: TestServer.app,
                context: TestServer.context
            )
        }
    }

    @Test func `a code is good in its last second`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode()
        test.clock.advance(by: 59)
        _ = try await test.server.token(
            TestServer.codeParameters(code),
            client: TestServer.app,
            context: TestServer.context
        )
    }

    @Test func `a code of another client is refused, audited, and stays good for its own`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode(to: TestServer.app)
        await expectRefusal(.invalidGrant, .otherClient) {
            _ = try await test.server.token(
                TestServer.codeParameters(code),
                client: TestServer.otherApp,
                context: TestServer.context
            )
        }
        let event = try #require(test.audit.events.first)
        #expect(event.kind == .tokenOfOtherClient && event.client == "other" && event.user == "ada")
        _ = try await test.server.token(
            TestServer.codeParameters(code),
            client: TestServer.app,
            context: TestServer.context
        )
    }

    @Test(arguments: [
        "https://app.example/callback/", "https://app.example/Callback", "https://app.example/callback?x=1",
        "https://evil.example/", "HTTPS://app.example/callback", "https://app.example/callb%61ck",
    ])
    func `another redirect URI than that of the authorization request is refused`(uri: String) async throws {
        try await expectRefused(.invalidGrant, .redirectURIMismatch, ["redirect_uri": uri])
        try await expectRefused(.invalidGrant, .redirectURIMismatch, ["redirect_uri": uri]) {
            $0.redirectURIWasSent = false
        }
    }

    @Test func `a redirect URI that was sent must be sent again`() async throws {
        try await expectRefused(.invalidGrant, .redirectURIMismatch, ["redirect_uri": nil])
    }

    @Test func `a code with a challenge needs its verifier`() async throws {
        try await expectRefused(.invalidGrant, .missingPKCE, ["code_verifier": nil])
    }

    @Test(arguments: ["x", TestServer.challenge, TestServer.verifier + "a", TestServer.verifier.lowercased()])
    func `a wrong verifier is refused`(verifier: String) async throws {
        try await expectRefused(.invalidGrant, .wrongPKCE, ["code_verifier": verifier])
    }

    @Test func `a verifier without a challenge is refused, since the challenge was taken out`() async throws {
        try await expectRefused(.invalidGrant, .wrongPKCE, [:]) { $0.codeChallenge = nil }
    }

    @Test func `a resource that is not known is refused`() async throws {
        try await expectRefused(.invalidTarget, .unknownResource, ["resource": "https://elsewhere.example/"])
    }

    @Test(arguments: [TestServer.issuer, "https://api.example/mail"])
    func `another resource than the granted one is refused`(resource: String) async throws {
        try await expectRefused(.invalidTarget, .unknownResource, ["resource": resource]) {
            $0.resource = TestServer.api
        }
    }

    @Test func `a token is for one resource only`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode()
        let parameters = RequestParameters([
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", TestServer.callback),
            ("code_verifier", TestServer.verifier), ("resource", TestServer.api), ("resource", TestServer.issuer),
        ])
        await expectRefusal(.invalidTarget, .unknownResource) {
            _ = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
        }
    }

    @Test func `a code of a disabled user is refused`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode()
        _ = try await test.store.setDisabled(true, user: "ada", at: test.clock.now)
        await expectRefusal(.invalidGrant, .unknownCode) {
            _ = try await test.server.token(
                TestServer.codeParameters(code),
                client: TestServer.app,
                context: TestServer.context
            )
        }
    }

    @Test func `a key that can't sign costs the client nothing but time`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode()
        let parameters = TestServer.codeParameters(code)
        let broken = TestKeys(clock: test.clock)
        broken.fail(.unavailable("no keys"))
        let error = await #expect(throws: OAuthError.self) {
            _ = try await test.server(minting: broken)
                .token(parameters, client: TestServer.app, context: TestServer.context)
        }
        #expect(error?.code == .temporarilyUnavailable && error?.status == 503 && error?.retryAfter != nil)
        #expect(error?.description.contains("no keys") == false)
        _ = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
    }
}

@Suite struct CodeReuseTests {
    @Test(arguments: [0, 59, 300])
    func `a code used twice ends all that it gave`(secondsLater: Int64) async throws {
        let test = try await TestServer()
        let parameters = TestServer.codeParameters(await test.issueCode())
        let first = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
        let grantID = try #require(await test.keys.verify(accessToken: first.accessToken)?.grantID)
        test.clock.advance(by: secondsLater)
        await expectRefusal(.invalidGrant, .usedCode) {
            _ = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
        }
        #expect(await test.keys.verify(accessToken: first.accessToken) == nil)
        #expect(test.keys.applied.contains(.grant(id: grantID)))
        await expectRefusal(.invalidGrant, .unknownRefreshToken) { _ = try await test.refresh(first.refreshToken) }
        #expect(test.audit.kinds == [.grantCreated, .codeReused])
        #expect(test.audit.events.last?.grant == grantID)
    }

    @Test func `a third use finds nothing more to end`() async throws {
        let test = try await TestServer()
        let parameters = TestServer.codeParameters(await test.issueCode())
        _ = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
        for _ in 0..<2 {
            await expectRefusal(.invalidGrant, .usedCode) {
                _ = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
            }
        }
        #expect(test.keys.applied.count == 1)
    }

    @Test func `another client that sends a used code ends nothing`() async throws {
        let test = try await TestServer()
        let parameters = TestServer.codeParameters(await test.issueCode())
        let first = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
        await expectRefusal(.invalidGrant, .otherClient) {
            _ = try await test.server.token(parameters, client: TestServer.otherApp, context: TestServer.context)
        }
        #expect(await test.keys.verify(accessToken: first.accessToken) != nil)
    }

    @Test func `whoever has a used code without its verifier ends nothing`() async throws {
        let test = try await TestServer()
        let code = await test.issueCode()
        let first = try await test.server.token(
            TestServer.codeParameters(code),
            client: TestServer.app,
            context: TestServer.context
        )
        await expectRefusal(.invalidGrant, .missingPKCE) {
            let parameters = TestServer.codeParameters(code, ["code_verifier": nil])
            _ = try await test.server.token(parameters, client: TestServer.app, context: TestServer.context)
        }
        #expect(await test.keys.verify(accessToken: first.accessToken) != nil)
    }

    @Test func `of many that present a code at once, one at most gets tokens that are good`() async throws {
        let test = try await TestServer()
        let parameters = TestServer.codeParameters(await test.issueCode(scopes: ["notes:read"]))
        let server = test.server
        let answers = await withTaskGroup(of: TokenResponse?.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    try? await server.token(parameters, client: TestServer.app, context: TestServer.context)
                }
            }
            return await group.reduce(into: [TokenResponse]()) { answers, answer in
                if let answer { answers.append(answer) }
            }
        }
        #expect(answers.count == 1)
        let answer = try #require(answers.first)
        #expect(await test.keys.verify(accessToken: answer.accessToken) == nil)
    }
}
