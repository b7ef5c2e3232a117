import JSON
import OAuthServer
import Testing

@testable import Application

@Suite struct GrantCommandTests {
    private let fixture: AdministrationFixture

    init() throws { fixture = try AdministrationFixture() }

    private func issue(_ user: String, _ client: String = "app") async throws -> String {
        let issuance = TokenIssuance(user: user, scopes: ["notes:read"], client: client)
        return try await IssuedToken(issuance, fixture.file, now: fixture.now).token
    }

    private func isGood(_ token: String) throws -> Bool {
        TokenInspection(token, try OfflineGateway(fixture.file, now: fixture.now), now: fixture.now).isGood
    }

    @Test func `a token that is issued belongs to a grant, and ends with it`() async throws {
        let token = try await issue("ada")
        let list = try await fixture.grants.list(user: nil, client: nil)
        let grant = try #require(try JSONParser.parse(Array(list.json.utf8)).array?.first)
        #expect(grant["user"]?.string == "ada" && grant["client_id"]?.string == "app")
        #expect(grant["scope"]?.string == "notes:read")
        let id = try #require(grant["id"]?.string)
        #expect(try isGood(token))
        #expect(try await fixture.grants.revoke(id: id, user: nil, client: nil).count == 1)
        #expect(try !isGood(token))
        let grants = try fixture.grants
        await #expect(throws: ApplicationError.self) { try await grants.revoke(id: id, user: nil, client: nil) }
        #expect(fixture.audit == ["grant_created", "grant_revoked"])
    }

    @Test func `grants are chosen by user, by client or by both`() async throws {
        let tokens = [try await issue("ada"), try await issue("ada", "other"), try await issue("bob")]
        #expect(try await fixture.grants.list(user: "ada", client: nil).count == 2)
        #expect(try await fixture.grants.list(user: nil, client: "app").count == 2)
        #expect(try await fixture.grants.list(user: "ada", client: "app").count == 1)
        _ = try await fixture.grants.revoke(id: nil, user: "ada", client: "app")
        #expect(try tokens.map(isGood) == [false, true, true])
        _ = try await fixture.grants.revoke(id: nil, user: nil, client: "app")
        #expect(try tokens.map(isGood) == [false, true, false])
    }

    @Test func `a disabled user's tokens are refused, and none is issued`() async throws {
        try await fixture.add(NewUser(name: "ada"))
        let token = try await issue("ada")
        try await fixture.users.setDisabled(true, user: "ada")
        #expect(try !isGood(token))
        await #expect(throws: ApplicationError.self) { try await issue("ada") }
    }
}
