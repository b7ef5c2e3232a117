import Testing

@testable import Application

@Suite struct AccessMatrixTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    @Test func `the most specific route comes first, with those who can use it`() throws {
        let more = """
            "routes": [
              { "path": "/**", "access": "deny" },
              { "path": "/*/x", "any_scopes": ["notes:read", "openid"], "claims": { "tier": ["gold", 1] }, "upstream": "legacy" },
              { "path": "/notes/x", "hosts": ["*.example.com"], "access": "optional", "upstream": "legacy" },
              { "path": "/notes/x", "hosts": ["a.example.com"], "access": "authenticated", "upstream": "legacy" },
            """
        let matrix = try AccessMatrix(folder.configuration((#""routes": ["#, more)))
        #expect(matrix.rows.map(\.index) == [3, 2, 5, 6, 4, 1, 0])
        #expect(matrix.rows.map(\.path).first == "/notes/x")
        let read = matrix.rows[2]
        #expect(
            read.methods == ["GET", "HEAD"] && read.scopes == ["notes:read"] && read.implyingScopes == ["notes:write"]
        )
        #expect(read.holders == "users and clients of https://localhost:8443, also by notes:write")
        #expect(matrix.rows[6].holders == "nobody" && matrix.rows[4].holders == "anybody")
        let text = matrix.lines.joined(separator: "\n")
        #expect(text.contains("notes:read | openid, with tier = gold | 1"))
        #expect(matrix.json.contains(#""implied_by": ["#))
    }

    @Test func `a restricted scope is for users who were given it`() throws {
        let restricted = (#""notes:write": {"#, #""notes:write": { "restricted": true,"#)
        let matrix = try AccessMatrix(folder.configuration(restricted))
        #expect(
            matrix.rows.prefix(2).map(\.holders) == [
                "users and clients of https://localhost:8443, also by notes:write",
                "users of https://localhost:8443 who were given notes:write",
            ]
        )
    }

    @Test func `without an issuer nobody can`() throws {
        let matrix = try AccessMatrix(folder.configuration((#""authorization_server": {},"#, "")))
        #expect(matrix.rows.filter { $0.access == "scopes" }.allSatisfy { $0.holders.hasPrefix("nobody") })
    }

    @Test func `faults are told as check tells them`() throws {
        let file = try folder.configuration((#""access": "public""#, #""access": "everybody""#))
        #expect(throws: ApplicationError.self) { try AccessMatrix(file) }
    }
}
