import Testing

@testable import Application

@Suite struct TokenCommandTests {
    private let folder: TestFolder
    private let now: Int64 = 1_800_000_000

    init() throws { folder = try TestFolder() }

    private func issue(_ file: ConfigurationFile, _ scopes: [String] = ["notes:read"]) async throws -> IssuedToken {
        try await IssuedToken(TokenIssuance(user: "ada", scopes: scopes), file, now: now)
    }

    @Test func `a token is issued, inspected and revoked`() async throws {
        let file = try folder.configuration()
        let token = try await issue(file).token
        var gateway = try OfflineGateway(file, now: now)
        let good = TokenInspection(token, gateway, now: now)
        #expect(good.isGood && good.json.contains(#""opens": ["#) && good.json.contains("GET HEAD /notes/**"))
        #expect(good.lines(note: nil).contains("user:    ada"))

        let outcome = try TokenRevocation.revoke(token, gateway, now: now)
        guard case .revoked(let tokenID) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        gateway = try OfflineGateway(file, now: now)
        let refused = TokenInspection(token, gateway, now: now)
        #expect(!refused.isGood && refused.json.contains(#""error": "invalid_token""#))
        #expect(refused.lines(note: nil).first == "refused (401): The token was revoked")
        #expect(try TokenRevocation.revoke(token, gateway, now: now) == .wasRevoked(tokenID: tokenID))
        #expect(try TokenRevocation.revoke(token, gateway, now: now + 3600) == .wasExpired)
    }

    @Test func `what is no good token is not revoked`() async throws {
        let file = try folder.configuration()
        let token = try await issue(file).token
        let gateway = try OfflineGateway(file, now: now)
        for text in ["x", "a.b.c", String(token.dropLast(6)) + "AAAAAA"] {
            #expect(throws: ApplicationError.self) { try TokenRevocation.revoke(text, gateway, now: now) }
            #expect(!TokenInspection(text, gateway, now: now).isGood)
        }
    }

    @Test(arguments: [
        TokenIssuance(user: "ada", scopes: ["notes:raed"]), TokenIssuance(user: "", scopes: []),
        TokenIssuance(user: "app", scopes: [], client: "app"),
        TokenIssuance(user: "ada", scopes: [], resource: "https://unknown.example"),
    ])
    func `a token that makes no sense is not issued`(issuance: TokenIssuance) async throws {
        let file = try folder.configuration()
        await #expect(throws: ApplicationError.self) { try await IssuedToken(issuance, file, now: now) }
    }

    @Test func `storage that only the server has is not written to`() async throws {
        let file = try folder.configuration(("sqlite:data/gatehouse.db", "memory:"))
        await #expect(throws: ApplicationError.self) { try await issue(file) }
        #expect(throws: ApplicationError.self) { try SigningKeyCommands(file, now: now) }
        #expect(try OfflineGateway(file, now: now).note?.contains("memory:") == true)
    }

    @Test func `lifetimes are durations`() throws {
        #expect(try TokenIssuance.seconds("10m") == 600)
        for text in ["", "0s", "10", "-1s", "soon", "999999999999999999d"] {
            #expect(throws: ApplicationError.self) { try TokenIssuance.seconds(text) }
        }
    }

    @Test func `keys are listed, rotated and removed`() async throws {
        let file = try folder.configuration()
        #expect(try SigningKeyCommands(file, now: now).list().isEmpty)
        let token = try await issue(file).token
        let keys = try SigningKeyCommands(file, now: now)
        #expect(try keys.list().records.map(\.state) == [.active, .active])
        #expect(try keys.rotate("ES256").records.map(\.state) == [.next])
        #expect(throws: ApplicationError.self) { try keys.rotate("HS256") }
        #expect(throws: ApplicationError.self) { try keys.remove("none") }

        let records = try keys.list().records
        let active = try #require(records.first { $0.algorithm == .es256 && $0.state == .active })
        let next = try #require(records.first { $0.state == .next })
        #expect(try keys.remove(active.keyID).records.map(\.keyID) == [next.keyID])
        #expect(!TokenInspection(token, try OfflineGateway(file, now: now), now: now).isGood)
        #expect(try keys.list().lines.count == 3)
    }
}
