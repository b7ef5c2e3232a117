import Testing

@testable import Application

@Suite struct RequestExplanationTests {
    private let folder: TestFolder
    private let now: Int64 = 1_800_000_000

    init() throws { folder = try TestFolder() }

    private func explain(
        _ file: ConfigurationFile,
        _ method: String,
        _ url: String,
        token: String? = nil,
        fields: [String] = []
    ) throws -> RequestExplanation {
        let request = try RequestText(method: method, url: url, fields: fields, token: token)
        return RequestExplanation(request, from: "192.0.2.7", try OfflineGateway(file, now: now), now: now)
    }

    @Test func `what is let through shows the upstream's request without the token`() async throws {
        let file = try folder.configuration()
        let token = try await IssuedToken(TokenIssuance(user: "ada", scopes: ["notes:read"]), file, now: now).token
        let explanation = try explain(file, "GET", "/notes/7", token: token, fields: ["X-User-Name: root"])
        #expect(explanation.isAllowed)
        let lines = explanation.lines
        #expect(lines.contains("decision: forwarded to legacy (http://127.0.0.1:9000)"))
        #expect(lines.contains("  X-User-Name: ada") && lines.contains("  Host: 127.0.0.1:9000"))
        #expect(lines.contains("  X-Forwarded-For: 192.0.2.7"))
        #expect(lines.contains("what does not go on as it came: X-User-Name, Authorization"))
        #expect(!lines.joined().contains(token) && !explanation.json.contains(token))
    }

    @Test(arguments: [
        ("GET", "/notes/7", "401 Unauthorized"), ("GET", "/none", "404 Not Found"), ("PATCH", "/notes", "405"),
        ("GET", "/public/%2f", "400 Bad Request"), ("GET", "/.well-known/jwks.json", "200 OK"),
    ])
    func `what is answered shows the answer`(method: String, url: String, answer: String) throws {
        let explanation = try explain(folder.configuration(), method, url)
        #expect(explanation.lines.contains { $0.hasPrefix("decision: answered with \(answer)") })
        #expect(explanation.isAllowed == answer.hasPrefix("2"))
    }

    @Test func `a listener that only redirects is taken into account`() throws {
        let file = try folder.configuration(
            (#""listeners": ["#, #""listeners": [ { "address": "127.0.0.1:8080", "redirect_to_https": true },"#)
        )
        let explanation = try explain(file, "GET", "http://localhost:8080/notes?x")
        #expect(explanation.lines.contains("  Location: https://localhost:8443/notes?x"))
        #expect(explanation.lines.contains { $0.contains("308") })
    }

    @Test func `nothing is made by asking`() throws {
        _ = try explain(folder.configuration(), "GET", "/notes", token: "a.b.c")
        #expect(folder.contents == ["gateway.json"])
    }
}
