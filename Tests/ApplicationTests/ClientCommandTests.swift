import Crypto
import JSON
import OAuthServer
import Testing

@testable import Application

@Suite struct ClientCommandTests {
    private let fixture: AdministrationFixture

    init() throws { fixture = try AdministrationFixture() }

    private func new(_ change: (inout NewClient) -> Void = { _ in }) -> NewClient {
        var client = NewClient(id: "app", name: "App")
        client.scope = "notes:read openid"
        client.redirectURIs = ["https://a/cb"]
        change(&client)
        return client
    }

    @Test func `a client is registered, and its secret is stored only hashed`() async throws {
        let registered = try await fixture.clients.add(new { $0.requiredScope = "notes:read" })
        let secret = try #require(registered.secret)
        let stored = try #require(try await fixture.store.client("app"))
        #expect(stored.secretHash == Digest.sha256(secret))
        #expect(stored.origin == .storage && stored.createdAt == fixture.now && stored.name == "App")
        #expect(stored.authenticationMethod == .secretBasic && stored.grantTypes == [.authorizationCode])
        #expect(stored.scopes == ["notes:read", "openid"] && stored.requiredScopes == ["notes:read"])
        let node = try JSONParser.parse(Array(registered.json.utf8))
        #expect(node["client_id"]?.string == "app" && node["client_secret"]?.string == secret)
        #expect(node["client_secret_expires_at"]?.int64 == 0)
        #expect(node["redirect_uris"]?.array?.compactMap(\.string) == ["https://a/cb"])
        #expect(node["scope"]?.string == "notes:read openid")
        let shown = try await fixture.clients.show("app")
        #expect(!shown.json.contains("client_secret\"") && shown.secret == nil)
    }

    @Test func `another secret replaces the one before`() async throws {
        let first = try await fixture.clients.add(new()).secret
        let second = try #require(try await fixture.clients.rotateSecret("app").secret)
        #expect(first != second)
        #expect(try await fixture.store.client("app")?.secretHash == Digest.sha256(second))
        try await fixture.clients.remove("app")
        #expect(try await fixture.store.client("app") == nil)
        #expect(fixture.audit == ["client_added", "client_secret_rotated", "client_removed"])
    }

    @Test func `the grant types follow from what else is said`() async throws {
        let clients = try fixture.clients
        let machine = try await clients.add(new { ($0.id, $0.redirectURIs, $0.scope) = ("m", [], "notes:read") })
        #expect(machine.client.grantTypes == [.clientCredentials])
        let api = try await clients.add(
            new { ($0.id, $0.redirectURIs, $0.scope, $0.mayIntrospect) = ("i", [], nil, true) }
        )
        #expect(api.client.grantTypes == [] && api.client.mayIntrospect)
        let phone = try await clients.add(
            new {
                ($0.id, $0.isPublic, $0.redirectURIs) = (nil, true, ["com.example.app:/cb"])
                $0.grantTypes = ["authorization_code", "refresh_token"]
            }
        )
        #expect(phone.client.grantTypes == [.authorizationCode, .refreshToken])
        #expect(phone.secret == nil && phone.client.secretHash == nil && phone.client.isPublic)
        #expect(phone.client.id.count == 24)
    }

    @Test func `the clients of the configuration are listed and not changed`() async throws {
        _ = try await fixture.clients.add(new())
        let lines = try await fixture.clients.list().lines
        #expect(lines.count == 3 && lines[1].hasSuffix("storage") && lines[2].hasSuffix("configuration"))
        let clients = try fixture.clients
        await #expect(throws: ApplicationError.self) { try await clients.remove("fixed") }
        await #expect(throws: ApplicationError.self) { try await clients.rotateSecret("fixed") }
        let taken = new { $0.id = "fixed" }
        await #expect(throws: ApplicationError.self) { try await clients.add(taken) }
    }

    @Test(
        arguments: [
            ("--redirect-uri", { @Sendable (client: inout NewClient) in client.redirectURIs = ["https://a/cb#x"] }),
            ("--redirect-uri", { @Sendable (client: inout NewClient) in client.redirectURIs = ["http://a/cb"] }),
            ("--scope", { @Sendable (client: inout NewClient) in client.scope = "notes:raed" }),
            ("--scope", { @Sendable (client: inout NewClient) in client.scope = nil }),
            ("--required-scope", { @Sendable (client: inout NewClient) in client.requiredScope = "notes:write" }),
            ("--grant-type", { @Sendable (client: inout NewClient) in client.grantTypes = ["password"] }),
            (
                "--grant-type",
                { @Sendable (client: inout NewClient) in
                    (client.isPublic, client.grantTypes) = (true, ["client_credentials"])
                }
            ),
            (
                "--auth-method",
                { @Sendable (client: inout NewClient) in client.authenticationMethod = "private_key_jwt" }
            ),
            (
                "--introspect",
                { @Sendable (client: inout NewClient) in (client.isPublic, client.mayIntrospect) = (true, true) }
            ),
            ("--client-id", { @Sendable (client: inout NewClient) in client.id = "https://a/" }),
            ("--id-token-alg", { @Sendable (client: inout NewClient) in client.idTokenAlgorithm = "HS256" }),
        ] as [(String, @Sendable (inout NewClient) -> Void)]
    )
    func `what can't be a client is refused, by the option's name`(
        option: String,
        change: @Sendable (inout NewClient) -> Void
    ) async throws {
        let clients = try fixture.clients
        do {
            _ = try await clients.add(new(change))
            Issue.record("it was added")
        } catch {
            #expect(error.description.contains(option + ": "), "\(error.description)")
        }
    }

    @Test(
        arguments: [
            (
                { @Sendable (client: inout NewClient) in client.scope = "notes:raed" },
                #"--scope: "notes:raed" is not the name of a scope that "scopes" declares; "#
                    + #"did you mean "notes:read"?; allowed: scopes with spaces between them"#
            ),
            (
                { @Sendable (client: inout NewClient) in client.idTokenAlgorithm = "HS256" },
                #"--id-token-alg: an unknown value, found "HS256"; did you mean "ES256"?; allowed: one of "ES256", "RS256""#
            ),
        ] as [(@Sendable (inout NewClient) -> Void, String)]
    )
    func `a refusal says once what was found, and what is allowed`(
        change: @Sendable (inout NewClient) -> Void,
        text: String
    ) async throws {
        let clients = try fixture.clients
        do {
            _ = try await clients.add(new(change))
            Issue.record("it was added")
        } catch {
            #expect(error.description == text)
        }
    }

    @Test func `a client can't have a user's name`() async throws {
        try await fixture.add(NewUser(name: "app"))
        let (clients, client) = (try fixture.clients, new())
        await #expect(throws: ApplicationError.self) { try await clients.add(client) }
    }
}
