import Testing

@testable import OAuthServer

struct ConsentTests {
    @Test func `the page says what is asked, what can't be unticked and what comes with it`() async throws {
        var client = TestServer.app
        client.id = "needy"
        client.requiredScopes = ["notes:write"]
        let test = try await TestServer()
        #expect(await test.store.insertClient(client))
        let request = try await test.valid(["client_id": "needy", "scope": "notes:write email openid"])
        let prompt = try await test.prompt(request)
        #expect(prompt.client == client)
        #expect(prompt.items.map(\.scope) == ["openid", "email", "notes:write"])
        #expect(prompt.items.map(\.isRequired) == [true, false, true])
        #expect(prompt.items.map(\.wasAllowed) == [false, false, false])
        #expect(prompt.items.map { $0.implied.map(\.name) } == [[], [], ["notes:read"]])
        #expect(prompt.items.last?.description == "Write notes as you")
        #expect(prompt.redirectURI == TestServer.callback)
        #expect(prompt.redirectTarget == .web(host: "app.example"))
        #expect(prompt.isRemembered)
        #expect(!prompt.isIdentityOnly)
    }

    @Test func `a code is bound to all that was asked and allowed`() async throws {
        let test = try await TestServer()
        let request = try await test.valid([
            "scope": "openid notes:read notes:write", "nonce": "n", "resource": TestServer.api,
        ])
        let code = try await test.allow(request, ["notes:read"])
        #expect(code.clientID == "app")
        #expect(code.redirectURI == TestServer.callback)
        #expect(code.redirectURIWasSent)
        #expect(code.userName == "ada")
        // openid can't be unticked, notes:write was.
        #expect(code.scopes == ["openid", "notes:read"])
        #expect(code.resource == TestServer.api)
        #expect(code.nonce == "n")
        #expect(code.codeChallenge == TestServer.challenge)
        #expect(code.authenticatedAt == test.clock.now - 30)
        #expect(code.expiresAt == test.clock.now + 60)
    }

    // RFC 6749 §4.1.2, RFC 9207 §2
    @Test func `the response carries code, state and issuer, and a code that can't be guessed`() async throws {
        let test = try await TestServer()
        let request = try await test.valid()
        var codes: Set<String> = []
        for _ in 0..<10 {
            guard
                case .respond(let response) = try await test.server.allow(
                    request,
                    by: test.ada(),
                    scopes: ["notes:read"],
                    context: TestServer.context
                )
            else { throw TestFailure(what: "there is no response") }
            #expect(response.error == nil)
            #expect(response.parameter("state") == "s%201")
            #expect(response.parameter("iss") == "https%3A%2F%2Fissuer.example")
            let code = try #require(response.parameter("code"))
            #expect(code.utf8.count == 43)
            codes.insert(code)
        }
        #expect(codes.count == 10)
    }

    @Test func `a consent is written into the audit log`() async throws {
        let test = try await TestServer()
        _ = try await test.allow(try await test.valid(), ["notes:read"])
        #expect(
            test.audit.events == [
                AuditEvent(
                    .consent,
                    user: "ada",
                    client: "app",
                    scopes: ["openid", "notes:read"],
                    context: TestServer.context
                )
            ]
        )
    }

    @Test func `the same or less is not asked again while it is remembered`() async throws {
        let test = try await TestServer()
        _ = try await test.allow(try await test.valid(["scope": "openid notes:write"]), ["notes:write"])
        for scope in ["openid notes:write", "openid", "notes:write", "notes:read"] {
            let step = try await test.server.decide(try await test.valid(["scope": scope]), signedIn: test.ada())
            let code = try #require(try await test.code(in: step))
            #expect(code.scopes.joined(separator: " ") == scope)
        }
        test.clock.advance(by: 30 * 86400)
        _ = try await test.prompt(try await test.valid())
    }

    @Test func `more is asked, beside what was allowed before`() async throws {
        let test = try await TestServer()
        _ = try await test.allow(try await test.valid(), ["notes:read"])
        let request = try await test.valid(["scope": "openid notes:read email"])
        let prompt = try await test.prompt(request)
        #expect(prompt.items.filter(\.wasAllowed).map(\.scope) == ["openid", "notes:read"])
        // What was allowed before has no box to untick.
        #expect(try await test.allow(request, []).scopes == ["openid", "notes:read"])
        #expect(try await test.allow(request, ["email"]).scopes == ["openid", "email", "notes:read"])
        let step = try await test.server.decide(request, signedIn: test.ada())
        #expect(try await test.code(in: step) != nil)
    }

    @Test func `what was unticked is asked again`() async throws {
        let test = try await TestServer()
        let request = try await test.valid(["scope": "openid notes:read email"])
        _ = try await test.allow(request, ["notes:read"])
        #expect(try await test.prompt(request).items.filter { !$0.wasAllowed }.map(\.scope) == ["email"])
    }

    @Test func `prompt=consent asks again`() async throws {
        let test = try await TestServer()
        _ = try await test.allow(try await test.valid(), ["notes:read"])
        _ = try await test.prompt(try await test.valid(["prompt": "consent"]))
    }

    @Test func `one user's consent is not another's, nor another client's`() async throws {
        let test = try await TestServer()
        _ = try await test.allow(try await test.valid(), ["notes:read"])
        let bob = SignedInUser(name: "bob", restrictedScopes: [], authenticatedAt: test.clock.now)
        #expect(try await test.prompt(try await test.valid(), by: bob).items.allSatisfy { !$0.wasAllowed })
        let changes = ["client_id": "other", "redirect_uri": "https://other.example/callback", "scope": "notes:read"]
        #expect(try await test.prompt(try await test.valid(changes)).items.allSatisfy { !$0.wasAllowed })
    }

    // RFC 8252 §8.6, RFC 6749 §10.2
    @Test(arguments: ["http://127.0.0.1:5000/cb", "http://localhost:5000/cb", "com.example.app:/cb"])
    func `a program on the user's device is asked about every time`(_ uri: String) async throws {
        var client = TestServer.spa
        client.id = "native"
        client.redirectURIs = [
            "http://127.0.0.1/cb", "http://localhost/cb", "com.example.app:/cb", TestServer.callback,
        ]
        let test = try await TestServer()
        #expect(await test.store.insertClient(client))
        // Not even what was allowed to it on the web counts.
        _ = try await test.allow(try await test.valid(["client_id": "native"]), ["notes:read"])
        let request = try await test.valid(["client_id": "native", "redirect_uri": uri])
        #expect(try await test.prompt(request).isRemembered == false)
        _ = try await test.allow(request, ["notes:read"])
        #expect(try await test.prompt(request).items.allSatisfy { !$0.wasAllowed })
    }

    @Test func `nothing is remembered where the configuration says so`() async throws {
        var test = try await TestServer()
        test.definition.consentLifetime = 0
        _ = try await test.allow(try await test.valid(), ["notes:read"])
        #expect(try await test.prompt(try await test.valid()).isRemembered == false)
    }

    @Test func `a client that wants no scope learns who the user is, once asked`() async throws {
        let test = try await TestServer()
        let request = try await test.valid(["scope": nil])
        let prompt = try await test.prompt(request)
        #expect(prompt.items.isEmpty)
        #expect(prompt.isIdentityOnly)
        #expect(try await test.allow(request, ["notes:read"]).scopes == [])
        let step = try await test.server.decide(request, signedIn: test.ada())
        #expect(try await test.code(in: step) != nil)
    }

    @Test func `scopes that were not asked for can't be ticked`() async throws {
        let test = try await TestServer()
        let code = try await test.allow(try await test.valid(), ["notes:read", "notes:write", "email", "nonsense"])
        #expect(code.scopes == ["openid", "notes:read"])
    }

    @Test func `allowing nothing is saying no`() async throws {
        let test = try await TestServer()
        let request = try await test.valid(["scope": "notes:read"])
        let step = try await test.server.allow(request, by: test.ada(), scopes: [], context: TestServer.context)
        #expect(step.errorCode == .accessDenied)
        #expect(test.audit.kinds == [.consentDenied])
        _ = try await test.prompt(request)
    }

    // RFC 6749 §4.1.2.1
    @Test func `the client is told that the user said no`() async throws {
        let test = try await TestServer()
        for user in [test.ada(), nil] {
            let step = try await test.server.deny(try await test.valid(), by: user, context: TestServer.context)
            guard case .respond(let response) = step else { throw TestFailure(what: "there is no response") }
            #expect(response.parameter("error") == "access_denied")
            #expect(response.parameter("state") == "s%201")
            #expect(response.parameter("iss") == "https%3A%2F%2Fissuer.example")
        }
        #expect(test.audit.events.map(\.user) == ["ada", nil])
    }

    @Test func `a client that goes, or loses its redirect URI, while the user thinks gets nothing`() async throws {
        let test = try await TestServer()
        let request = try await test.valid()
        _ = await test.store.removeClientForTest("app")
        var client = TestServer.app
        let context = TestServer.context
        for step in [
            try await test.server.decide(request, signedIn: test.ada()),
            try await test.server.allow(request, by: test.ada(), scopes: ["notes:read"], context: context),
            try await test.server.deny(request, by: test.ada(), context: context),
        ] {
            guard case .page(.unknownClient("app")) = step else { throw TestFailure(what: "it went on") }
        }
        client.redirectURIs = ["https://app.example/new"]
        #expect(await test.store.insertClient(client))
        guard case .page(.redirectURINotRegistered) = try await test.server.decide(request, signedIn: test.ada()) else {
            throw TestFailure(what: "it went on")
        }
    }

    @Test func `a scope that the client loses while the user thinks is not given`() async throws {
        let test = try await TestServer()
        let request = try await test.valid()
        _ = await test.store.removeClientForTest("app")
        var client = TestServer.app
        client.scopes = ["openid"]
        #expect(await test.store.insertClient(client))
        #expect(try await test.allow(request, ["notes:read"]).scopes == ["openid"])
    }
}

extension MemoryAuthorizationStore {
    /// Removes a client whose grants don't matter.
    fileprivate func removeClientForTest(_ id: String) -> Bool {
        (try? removeClient(id, at: 0)) != nil
    }
}
