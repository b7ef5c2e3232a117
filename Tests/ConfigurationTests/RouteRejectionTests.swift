import Configuration
import Testing

@Suite struct RouteRejectionTests {
    @Test(arguments: [
        ("notes", "/notes"), ("/a//b", nil), ("/a/../b", nil), ("/a/./b", nil), ("/a*", nil), ("/**/a", nil),
        ("/a/**/", nil),
        ("/a/***", nil), ("/é", "/%C3%A9"), ("/%41", "/A"), ("/%c3%a9", "/%C3%A9"), ("/a b", "/a%20b"),
        ("/a?x", "/a%3Fx"),
        ("/a#x", "/a%23x"), ("/%", "/%25"), ("/%2F", nil), ("/%5C", nil), ("/a%00", nil), ("/a\\\\b", "/a%5Cb"),
        ("", "/"),
        ("/%2", "/%252"), ("/%+1", "/%25+1"), ("/a;b", nil), ("/a%3Bb", nil),
        ("/" + String(repeating: "a", count: 1024), nil),
    ])
    func `a path that no request could match is refused`(path: String, nearest: String?) throws {
        let report = try Sample.read(route: #""access": "public""#, path: path)
        #expect(report.faults.map(\.pointer) == ["/routes/0/path"])
        #expect(report.faults.first?.nearest == nearest)
    }

    @Test(
        arguments: [
            ("/", [], false), ("/**", [], true), ("/a", ["a"], false), ("/a/", ["a", ""], false),
            ("/a/**", ["a"], true),
            ("/a%20b/~x", ["a%20b", "~x"], false), ("/%C3%A9", ["%C3%A9"], false),
            ("/a:@!$&'()+,=b", ["a:@!$&'()+,=b"], false),
        ] as [(String, [String], Bool)]
    )
    func `a path is taken apart`(path: String, literals: [String], coversRest: Bool) throws {
        let route = try #require(try Sample.read(route: #""access": "public""#, path: path).configuration?.routes.first)
        #expect(route.path.segments == (path == "/" ? [.literal("")] : literals.map { .literal($0) }))
        #expect(route.path.coversRest == coversRest)
    }

    @Test(arguments: [
        (#""name": "x""#, "/routes/0", "nothing says who may use this route"),
        (#""scopes": []"#, "/routes/0/scopes", "an empty list"),
        (#""any_scopes": []"#, "/routes/0/any_scopes", "an empty list"),
        (#""scopes": "a""#, "/routes/0/scopes", "a value of the wrong kind"),
        (#""scopes": ["a", "a"]"#, "/routes/0/scopes/1", "repeated"),
        (#""scopes": ["a"], "access": "public""#, "/routes/0/access", "both scopes and access"),
        (#""access": "Public""#, "/routes/0/access", "an unknown value"),
        (#""access": true"#, "/routes/0/access", "an unknown value"),
        (#""access": null"#, "/routes/0/access", "an unknown value"),
        (#""access": "authenticated", "claims": {}"#, "/routes/0/claims", "an empty object"),
        (#""access": "authenticated", "claims": { "a": [] }"#, "/routes/0/claims/a", "an empty list"),
        (#""access": "authenticated", "claims": { "a": 1.5 }"#, "/routes/0/claims/a", "a value of the wrong kind"),
        (#""access": "authenticated", "issuers": []"#, "/routes/0/issuers", "an empty list"),
        (
            #""access": "authenticated", "issuers": ["https://x"]"#, "/routes/0/issuers/0",
            "not the name of an issuer of this file"
        ),
        (
            #""access": "public", "claims": { "a": "b" }"#, "/routes/0/claims",
            "a rule for tokens on a route that looks at none"
        ),
        (
            #""access": "deny", "issuers": ["https://gw.example"]"#, "/routes/0/issuers",
            "a rule for tokens on a route that looks at none"
        ),
        (#""access": "public", "hosts": []"#, "/routes/0/hosts", "an empty list"),
        (#""access": "public", "hosts": ["a:80"]"#, "/routes/0/hosts/0", "not a host"),
        (#""access": "public", "hosts": ["*"]"#, "/routes/0/hosts/0", "not a host"),
        (#""access": "public", "hosts": ["*.1.2"]"#, "/routes/0/hosts/0", "not a host pattern"),
        (#""access": "public", "hosts": ["a.b", "A.B"]"#, "/routes/0/hosts/1", "repeated"),
        (#""access": "public", "methods": []"#, "/routes/0/methods", "an empty list"),
        (#""access": "public", "methods": ["get"]"#, "/routes/0/methods/0", "a method in lower case"),
        (#""access": "public", "methods": ["TRACE"]"#, "/routes/0/methods/0", "a method that is always refused"),
        (#""access": "public", "rewrite_prefix": "/a/**""#, "/routes/0/rewrite_prefix", "a path with a star"),
        (
            #""access": "public", "user_header": "x_request.id""#, "/routes/0/user_header",
            "a field that the gateway sets by itself"
        ),
        (
            #""access": "public", "claim_headers": { "x_user.name": "sub" }"#, "/routes/0/claim_headers/x_user.name",
            "a field that says who is calling"
        ),
        (
            #""access": "public", "request_headers": { "set": { "X-User-Name": "root" } }"#,
            "/routes/0/request_headers/set/X-User-Name", "a field that says who is calling"
        ),
        (
            #""access": "public", "request_headers": { "add": { "x-client_id": "root" } }"#,
            "/routes/0/request_headers/add/x-client_id", "a field that says who is calling"
        ),
        (
            #""access": "public", "request_headers": { "set": { "Transfer-Encoding": "x" } }"#,
            "/routes/0/request_headers/set/Transfer-Encoding",
            "a field that frames the message or belongs to the connection"
        ),
        (
            #""access": "public", "request_headers": { "remove": ["host"] }"#,
            "/routes/0/request_headers/remove/0", "a field that frames the message or belongs to the connection"
        ),
        (
            #""access": "public", "response_headers": { "set": { "A": "b\r\nC: d" } }"#,
            "/routes/0/response_headers/set/A", "not a field value"
        ),
        (
            #""access": "public", "response_headers": { "set": { "A b": "c" } }"#, "/routes/0/response_headers/set/A b",
            "not a field name"
        ),
        (
            #""access": "public", "claim_headers": { "X-A": "a", "x_a": "b" }"#, "/routes/0",
            "the field \"x_a\" is set twice"
        ),
        (#""access": "public", "cors": {}"#, "/routes/0/cors", "the member \"origins\" is missing"),
        (
            #""access": "public", "cors": { "origins": ["*"], "credentials": true }"#, "/routes/0/cors/credentials",
            "credentials for any origin"
        ),
        (
            #""access": "public", "cors": { "origins": ["https://a/"] }"#, "/routes/0/cors/origins/0",
            "not an origin as browsers write it"
        ),
        (
            #""access": "public", "cors": { "origins": ["null"] }"#, "/routes/0/cors/origins/0",
            "the origin \"null\", which anybody can have"
        ),
        (#""access": "public", "timeout": "0s""#, "/routes/0/timeout", "a duration of zero"),
    ])
    func `a route that cannot work is refused`(members: String, pointer: String, problem: String) throws {
        let report = try Sample.read(route: members)
        #expect(report.faults.map(place) == ["\(pointer): \(problem)"])
    }

    @Test func `a route that forwards needs an upstream, one that denies does not`() throws {
        let report = try Sample.read(changing: [
            "routes": #"[{ "path": "/a", "access": "public" }, { "path": "/b", "access": "deny" }]"#, "upstreams": "{}",
        ])
        #expect(report.faults.map(place) == ["/routes/0: the member \"upstream\" is missing"])
    }

    @Test func `a scope, upstream or resource that is not declared is refused with the nearest name`() throws {
        let report = try Sample.read(changing: [
            "scopes": #"{ "notes:read": "Read" }"#,
            "routes": #"[{ "path": "/a", "scopes": ["notes:raed"], "upstream": "apj", "resource": "x" }]"#,
        ])
        #expect(report.faults.map(\.nearest) == ["notes:read", "api", nil])
        #expect(report.faults.map(\.pointer) == ["/routes/0/scopes/0", "/routes/0/upstream", "/routes/0/resource"])
    }

    @Test func `two routes cannot have one name`() throws {
        let route = #"{ "path": "/a", "name": "n", "access": "public", "upstream": "api" }"#
        let report = try Sample.read(changing: ["routes": "[\(route), \(route)]"])
        #expect(report.faults.map(place) == ["/routes/1/name: a route name that is taken"])
    }
}
