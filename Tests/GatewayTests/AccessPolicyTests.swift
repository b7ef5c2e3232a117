import JWT
import Testing

@testable import Gateway

@Suite struct AccessPolicyTests {
    @Test(arguments: [
        ([], false), (["notes:read"], true), (["notes:write"], true), (["notes:all"], true), (["NOTES:READ"], false),
        (["other", "notes:read"], true), (["notes:read2"], false),
    ])
    func `scopes hold with all that they imply`(scopes: [String], allowed: Bool) throws {
        let route = RouteDefinition.test("/**", .scopes(all: ["notes:read"], any: []))
        #expect((try decide(route, .test(scopes: scopes)) == .allowed) == allowed)
    }

    @Test(arguments: [
        (["notes:read"], ["notes:write"], ["notes:read"], false),
        (["notes:read"], ["notes:write"], ["notes:write"], true),
        ([], ["notes:read", "notes:write"], ["notes:read"], true), ([], ["notes:all"], ["notes:write"], false),
        (["notes:read", "notes:all"], [], ["notes:write"], false),
        (["notes:read", "notes:all"], [], ["notes:all"], true),
    ])
    func `all of the first and one of the second are needed`(
        all: [String],
        any: [String],
        held: [String],
        allowed: Bool
    ) throws {
        let decision = try decide(.test("/**", .scopes(all: all, any: any)), .test(scopes: held))
        #expect(decision == (allowed ? .allowed : .refused(.insufficientScope)))
    }

    @Test func `a circle of implied scopes ends`() throws {
        let definition = GatewayDefinition.test([.test("/**", .scopes(all: ["b"], any: []))]) { definition in
            definition.scopes = [
                ScopeDefinition(name: "a", implies: ["b", "a"]), ScopeDefinition(name: "b", implies: ["a", "unknown"]),
            ]
        }
        #expect(try decide(definition, .test(scopes: ["a"])) == .allowed)
    }

    @Test func `more scopes than a machine word are told apart`() throws {
        let names = (0..<200).map { "s\($0)" }
        for needed in [0, 63, 64, 127, 128, 199] {
            let route = RouteDefinition.test("/**", .scopes(all: ["s\(needed)"], any: []))
            let definition = GatewayDefinition.test([route]) { $0.scopes = names.map { ScopeDefinition(name: $0) } }
            #expect(try decide(definition, .test(scopes: ["s\(needed)"])) == .allowed)
            #expect(try decide(definition, .test(scopes: names.filter { $0 != "s\(needed)" })) != .allowed)
        }
    }

    @Test(arguments: [
        (#"{"dept": "sales"}"#, true), (#"{"dept": "it"}"#, true), (#"{"dept": ["hr", "sales"]}"#, true),
        (#"{"dept": "Sales"}"#, false), (#"{"dept": ["hr"]}"#, false), ("{}", false), (#"{"dept": null}"#, false),
        (#"{"dept": {"sales": true}}"#, false), (#"{"dept": 7}"#, true), (#"{"dept": 7.0}"#, true),
        (#"{"dept": "7"}"#, false), (#"{"dept": true}"#, false), (#"{"dept": [["sales"]]}"#, false),
        ("{\"dept\": \"sale\\u017f\"}", false),
    ])
    func `a claim must have an allowed value`(claims: String, allowed: Bool) throws {
        let route = RouteDefinition.test("/**", .authenticated) { route in
            route.claims = [ClaimRule(claim: "dept", allowed: [.string("sales"), .string("it"), .integer(7)])]
        }
        let decision = try decide(route, .test(claims: claims))
        #expect(decision == (allowed ? .allowed : .refused(.claimNotAllowed(0))))
    }

    @Test func `a dotted name reaches into objects, after the name itself`() throws {
        let route = RouteDefinition.test("/**", .authenticated) { route in
            route.claims = [ClaimRule(claim: "realm.roles", allowed: [.string("admin")])]
        }
        #expect(try decide(route, .test(claims: #"{"realm": {"roles": ["user", "admin"]}}"#)) == .allowed)
        let both = #"{"realm.roles": "user", "realm": {"roles": "admin"}}"#
        #expect(try decide(route, .test(claims: both)) == .refused(.claimNotAllowed(0)))
    }

    @Test func `every claim rule must hold`() throws {
        let route = RouteDefinition.test("/**", .authenticated) { route in
            route.claims = ["a", "b"].map { ClaimRule(claim: $0, allowed: [.bool(true)]) }
        }
        #expect(try decide(route, .test(claims: #"{"a": true, "b": true}"#)) == .allowed)
        #expect(try decide(route, .test(claims: #"{"a": true}"#)) == .refused(.claimNotAllowed(1)))
        #expect(try decide(route, .test(claims: #"{"b": true}"#)) == .refused(.claimNotAllowed(0)))
    }

    @Test func `a route can choose among issuers`() throws {
        let route = RouteDefinition.test("/**", .authenticated) { $0.issuers = ["https://other.example"] }
        #expect(try decide(route, .test(own: false)) == .allowed)
        #expect(try decide(route, .test()) == .refused(.issuerNotAllowed))
    }

    @Test(arguments: [
        (true, nil, [ownIssuer], true), (true, nil, ["https://api.example/"], false), (true, nil, [], false),
        (true, "https://api.example/", [ownIssuer], true),
        (true, "https://api.example/", ["https://api.example/"], true),
        (true, "https://api.example/", ["https://api.example"], false), (false, nil, ["anything"], true),
        (false, "https://api.example/", ["anything"], false),
        (false, "https://api.example/", ["https://api.example/"], true),
    ])
    func `a token must be for the resource of the route`(
        own: Bool,
        resource: String?,
        audiences: [String],
        allowed: Bool
    ) throws {
        let definition = GatewayDefinition.test([
            .test("/**", .authenticated) { $0.resource = resource },
            .test("/other", .authenticated) { $0.resource = "https://api.example/" },
        ])
        let decision = try decide(definition, .test(own: own, audiences: audiences))
        #expect(decision == (allowed ? .allowed : .refused(.wrongAudience)))
    }

    @Test func `a denied route lets nobody in`() throws {
        #expect(try decide(.test("/**", .deny), .test(scopes: ["notes:all"])) == .refused(.denied))
    }

    @Test func `a definition that asks for nothing or the unknown is refused`() {
        let cases: [(RouteDefinition, RouteDefinitionError)] = [
            (.test("/**", .scopes(all: [], any: [])), .noAccess),
            (.test("/**", .scopes(all: ["nope"], any: [])), .scopeNotDeclared("nope")),
            (.test("/**", .scopes(all: [], any: ["notes:read", "nope"])), .scopeNotDeclared("nope")),
            (.test("/**", .authenticated) { $0.issuers = ["https://nope"] }, .issuerNotTrusted("https://nope")),
            (.test("/**") { $0.hosts = ["*example.com"] }, .host("*example.com")),
            (.test("/**") { $0.hosts = ["a.example:80"] }, .host("a.example:80")),
            (.test("nope"), .pattern(.relative)),
            (.test("/**") { $0.requestHeaders.set = [FieldRule(name: "A b", value: "c")] }, .fieldName("A b")),
            (
                .test("/**") { $0.responseHeaders.add = [FieldRule(name: "A", value: "b\r\nC: d")] },
                .fieldValue(name: "A")
            ),
        ]
        for (route, error) in cases {
            #expect(throws: GatewayDefinitionError(faults: [.route(index: 0, error)])) {
                try GatewaySnapshot(.test([route]))
            }
        }
    }

    private func decide(_ route: RouteDefinition, _ token: VerifiedToken) throws -> AccessDecision {
        try decide(.test([route]), token)
    }

    private func decide(_ definition: GatewayDefinition, _ token: VerifiedToken) throws -> AccessDecision {
        let snapshot = try GatewaySnapshot(definition)
        return snapshot.router.table.routes[0].access.decide(Principal(token, snapshot.vocabulary))
    }
}
