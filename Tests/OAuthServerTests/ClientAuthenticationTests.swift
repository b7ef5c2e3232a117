import Testing

@testable import OAuthServer

@Suite struct ClientAuthenticationTests {
    @Test func `a client is known by its secret, sent as it is registered`() async throws {
        let server = try await TestServer().server
        let basic = ClientCredentials.basic(id: "app", secret: TestServer.secret(of: "app"))
        let post = ClientCredentials.post(id: "other", secret: TestServer.secret(of: "other"))
        #expect(try await server.authenticate(basic, context: TestServer.context) == TestServer.app)
        #expect(try await server.authenticate(post, context: TestServer.context) == TestServer.otherApp)
    }

    @Test func `a public client is known by its id`() async throws {
        let server = try await TestServer().server
        #expect(try await server.authenticate(.none(id: "spa"), context: TestServer.context) == TestServer.spa)
    }

    @Test(arguments: [
        ("", OAuthError.Reason.wrongClientSecret), ("x", .wrongClientSecret),
        ("the secret of machine", .wrongClientSecret),
        ("The secret of app", .wrongClientSecret),
    ])
    func `a wrong secret is refused with 401 and audited`(secret: String, reason: OAuthError.Reason) async throws {
        let test = try await TestServer()
        await expectRefusal(.invalidClient, reason) {
            _ = try await test.server.authenticate(.basic(id: "app", secret: secret), context: TestServer.context)
        }
        let event = try #require(test.audit.events.first)
        #expect(test.audit.events.count == 1)
        #expect(event.kind == .clientAuthenticationFailed && event.client == "app")
        #expect(event.address == TestServer.context.address && event.detail == "wrong_client_secret")
    }

    @Test func `invalid_client is a 401`() async throws {
        let test = try await TestServer()
        let error = await #expect(throws: OAuthError.self) {
            _ = try await test.server.authenticate(.basic(id: "app", secret: "x"), context: TestServer.context)
        }
        #expect(error?.status == 401)
    }

    @Test(arguments: ["", "nobody", "APP", "app ", "app\u{0}", String(repeating: "a", count: 5000)])
    func `an unknown client is refused`(id: String) async throws {
        let test = try await TestServer()
        await expectRefusal(.invalidClient, .unknownClient) {
            _ = try await test.server.authenticate(.basic(id: id, secret: "x"), context: TestServer.context)
        }
        // What was sent as an id may be a secret in the wrong place.
        #expect(test.audit.kinds == [.clientAuthenticationFailed])
        #expect(test.audit.events.first?.client == nil)
    }

    @Test func `a wrong secret and an unknown client get the same answer`() async throws {
        let test = try await TestServer()
        var answers: [OAuthError?] = []
        for id in ["app", "nobody"] {
            let error = await #expect(throws: OAuthError.self) {
                _ = try await test.server.authenticate(.basic(id: id, secret: "x"), context: TestServer.context)
            }
            answers.append(error)
        }
        #expect(answers.first??.description == answers.last??.description)
        #expect(answers.first??.code == answers.last??.code && answers.first??.status == answers.last??.status)
    }

    @Test func `a client with a secret is not known without it`() async throws {
        let test = try await TestServer()
        await expectRefusal(.invalidClient, .wrongAuthenticationMethod) {
            _ = try await test.server.authenticate(.none(id: "app"), context: TestServer.context)
        }
    }

    @Test func `the right secret in another place than registered is refused`() async throws {
        let test = try await TestServer()
        await expectRefusal(.invalidClient, .wrongAuthenticationMethod) {
            let secret = TestServer.secret(of: "app")
            _ = try await test.server.authenticate(.post(id: "app", secret: secret), context: TestServer.context)
        }
        await expectRefusal(.invalidClient, .wrongAuthenticationMethod) {
            let secret = TestServer.secret(of: "other")
            _ = try await test.server.authenticate(.basic(id: "other", secret: secret), context: TestServer.context)
        }
    }

    @Test func `a public client has no secret that could be right`() async throws {
        let test = try await TestServer()
        await expectRefusal(.invalidClient, .wrongAuthenticationMethod) {
            _ = try await test.server.authenticate(.basic(id: "spa", secret: ""), context: TestServer.context)
        }
    }

    @Test func `a client that lost its secret is refused`() async throws {
        let test = try await TestServer()
        var client = TestServer.app
        client.id = "broken"
        client.secretHash = nil
        #expect(await test.store.insertClient(client))
        await expectRefusal(.invalidClient, .wrongClientSecret) {
            _ = try await test.server.authenticate(.basic(id: "broken", secret: ""), context: TestServer.context)
        }
    }

    @Test func `a removed client is refused at once`() async throws {
        let test = try await TestServer()
        _ = try await test.store.removeClient("app", at: test.clock.now)
        await expectRefusal(.invalidClient, .unknownClient) {
            let secret = TestServer.secret(of: "app")
            _ = try await test.server.authenticate(.basic(id: "app", secret: secret), context: TestServer.context)
        }
    }
}

@Suite struct ClientThrottlingTests {
    private let right = ClientCredentials.basic(id: "app", secret: TestServer.secret(of: "app"))
    private let wrong = ClientCredentials.basic(id: "app", secret: "x")

    private func fail(_ times: Int, _ test: TestServer, context: RequestContext = TestServer.context) async {
        for _ in 0..<times {
            await expectRefusal(.invalidClient, .wrongClientSecret) {
                _ = try await test.server.authenticate(wrong, context: context)
            }
        }
    }

    @Test func `after too many failures not even the right secret is looked at, for a time`() async throws {
        let test = try await TestServer()
        await fail(3, test)
        for credentials in [wrong, right] {
            let error = await #expect(throws: OAuthError.self) {
                _ = try await test.server.authenticate(credentials, context: TestServer.context)
            }
            #expect(error?.reason == .clientThrottled && error?.status == 429)
            #expect(error?.retryAfter == 20)
        }
        test.clock.advance(by: 20)
        _ = try await test.server.authenticate(right, context: TestServer.context)
    }

    @Test func `throttling is audited once`() async throws {
        let test = try await TestServer()
        await fail(3, test)
        for _ in 0..<5 { _ = try? await test.server.authenticate(wrong, context: TestServer.context) }
        #expect(test.audit.kinds.filter { $0 == .clientThrottled }.count == 1)
        #expect(test.audit.kinds.filter { $0 == .clientAuthenticationFailed }.count == 3)
    }

    @Test func `whoever guesses can't keep the client out from where it has been before`() async throws {
        let test = try await TestServer()
        _ = try await test.server.authenticate(right, context: TestServer.context)
        await fail(3, test, context: RequestContext(address: "198.51.100.9", requestID: "r2"))
        _ = try await test.server.authenticate(right, context: TestServer.context)
    }

    @Test func `a public client can't be kept out, since nobody can guess its secret`() async throws {
        let test = try await TestServer()
        for _ in 0..<5 {
            _ = try? await test.server.authenticate(.basic(id: "spa", secret: "x"), context: TestServer.context)
        }
        _ = try await test.server.authenticate(.none(id: "spa"), context: TestServer.context)
    }

    @Test func `success does not count`() async throws {
        let test = try await TestServer()
        for _ in 0..<10 { _ = try await test.server.authenticate(right, context: TestServer.context) }
    }
}
