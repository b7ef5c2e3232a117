import Configuration
import Testing

@Suite struct WarningTests {
    private func warnings(_ members: KeyValuePairs<String, String?>) throws -> [String] {
        let report = try Sample.read(changing: members)
        #expect(report.faults.map(\.description) == [])
        return report.warnings.map(place)
    }

    @Test func `a scope that no route needs is warned of, unless it implies one`() throws {
        let warnings = try warnings([
            "scopes": """
            { "a": "A", "b": { "description": "B", "implies": ["a"] }, "c": { "description": "C", "implies": ["b"] },
              "d": "D", "e": { "description": "E", "implies": ["e", "d"] } }
            """,
            "storage": "\"sqlite:x\"", "authorization_server": "{}",
            "routes": #"[{ "path": "/", "scopes": ["a"], "upstream": "api" }]"#,
        ])
        #expect(warnings == ["/scopes/d: no route needs this scope", "/scopes/e: no route needs this scope"])
    }

    @Test func `a route that no client can reach is warned of`() throws {
        let route = #"[{ "path": "/", "access": "authenticated", "claims": { "tenant": "x" }, "upstream": "api" }]"#
        #expect(
            try warnings(["routes": route]) == ["/routes/0: no client can reach this route: no issuer makes tokens"]
        )
        let own = try warnings(["routes": route, "storage": "\"sqlite:x\"", "authorization_server": "{}"])
        #expect(
            own == ["/routes/0/claims/tenant: no client can reach this route: our own tokens have no claim \"tenant\""]
        )
        let foreign = #"[{ "issuer": "https://a", "jwks_file": "k", "audiences": ["b"] }]"#
        #expect(try warnings(["routes": route, "trusted_issuers": foreign]) == [])
    }

    @Test func `what is open to others is warned of`() throws {
        let plain = #"[{ "address": ":80" }]"#
        #expect(try warnings(["listeners": plain]).map { $0.prefix(23) } == ["/listeners/0/address: t"])
        #expect(try warnings(["listeners": #"[{ "address": "127.0.0.1:80" }, { "address": "unix:x" }]"#]) == [])
        #expect(try warnings(["listeners": #"[{ "address": ":80", "redirect_to_https": true }]"#]).count == 1)
        #expect(try warnings(["admin": #"{ "address": "0.0.0.0:9901" }"#]).count == 1)
        #expect(try warnings(["admin": "{}"]) == [])
        #expect(try warnings(["issuer": "\"http://localhost:1\""]).count == 1)
    }

    @Test func `storage in memory, an idle upstream, a shadowed path and a literal secret are warned of`() throws {
        let found = try warnings([
            "storage": "\"memory:\"", "authorization_server": #"{ "encryption_key": "hunter2" }"#,
            "upstreams": #"{ "api": { "servers": ["http://a"] }, "idle": { "servers": ["http://b"] } }"#,
            "routes": """
            [{ "path": "/oauth/x", "access": "public", "upstream": "api" }, { "path": "/oauth2", "access": "public", "upstream": "api" }]
            """,
        ])
        #expect(
            found.map { $0.split(separator: ":")[0] } == [
                "/storage", "/authorization_server/encryption_key", "/upstreams/idle", "/routes/0/path",
            ]
        )
    }
}
