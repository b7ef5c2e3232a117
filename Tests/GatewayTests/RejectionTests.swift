import Bytes
import HTTP
import JWT
import Testing

@testable import Gateway

/// What attackers try in order to speak in somebody else's name.
@Suite struct RejectionTests {
    private static let names = [
        "X-User-Name", "X-Client-Id", "X-Scope", "X-Assertion", "X-Email", "X-Role", "X-Person",
    ]

    /// Each managed name is of another origin: `forwarding`, a route's claim, a route's rule, a route's user field.
    private func definition(_ underscores: UnderscorePolicy = .drop) -> GatewayDefinition {
        .test([
            .test("/public/**"),
            .test("/a", .authenticated) { route in
                route.claimHeaders = [ClaimHeader(header: "X-Email", claim: "email")]
                route.requestHeaders.set = [FieldRule(name: "X-Role", value: "user")]
                route.userHeader = "X-Person"
            },
        ]) { definition in
            definition.forwarding.scopeHeader = "X-Scope"
            definition.forwarding.assertionHeader = "X-Assertion"
            definition.forwarding.underscoreHeaders = underscores
        }
    }

    static let spellings: [@Sendable (String) -> String] = [
        { $0 }, { $0.lowercased() }, { $0.uppercased() }, { $0.replacing("-", with: "_") },
        { $0.replacing("-", with: ".") }, { $0.lowercased().replacing("-", with: "_") },
        { $0.replacing("X-", with: "x_") }, { $0.replacing("X-", with: "X.") },
        { String($0.enumerated().map { $0.offset % 2 == 0 ? Character($0.element.lowercased()) : $0.element }) },
    ]

    @Test(arguments: names, spellings.indices)
    func `an identity field of a client never passes, on no route, in no spelling`(name: String, spelling: Int) throws {
        let spelled = Self.spellings[spelling](name)
        for underscores in [UnderscorePolicy.drop, .allow] {
            var forwarding = Forwarding()
            forwarding.definition = definition(underscores)
            let head = try requestHead("GET /public/ HTTP/1.1", "\(spelled): admin", "\(spelled): root")
            let lines = try forwarding.lines(head)
            #expect(!lines.map(cgiName).contains(cgiName(name)), "\(spelled) passed")
        }
    }

    @Test(arguments: names, spellings.indices)
    func `nor in trailers`(name: String, spelling: Int) throws {
        let policy = RequestFieldPolicy(definition(.allow))
        let trailers = FieldList()
        for field in [Self.spellings[spelling](name), "X-Checksum"] {
            try withBytes(field) { name in try withBytes("admin") { try trailers.append(name: name, value: $0) } }
        }
        policy.removeForbidden(from: trailers, route: try route(definition(.allow)))
        #expect((0..<trailers.count).map { trailers.name($0).text } == ["X-Checksum"])
    }

    @Test(arguments: ["X-Gone", "x_gone", "X.Gone", "Accept-Language"])
    func `nor what the route takes away or sets`(name: String) throws {
        let rules = GatewayDefinition.test([
            .test {
                $0.requestHeaders.remove = ["X-Gone"]
                $0.requestHeaders.set = [FieldRule(name: "Accept-Language", value: "de")]
            }
        ])
        let trailers = FieldList()
        for field in [name, "X-Checksum"] {
            try withBytes(field) { name in try withBytes("x") { try trailers.append(name: name, value: $0) } }
        }
        RequestFieldPolicy(rules).removeForbidden(from: trailers, route: try route(rules))
        #expect((0..<trailers.count).map { trailers.name($0).text } == ["X-Checksum"])
    }

    private func route(_ definition: GatewayDefinition) throws -> Route {
        try GatewaySnapshot(definition).router.table.routes[0]
    }

    @Test(arguments: [
        "Connection", "Host", "Authorization", "Cookie", "Content-Length", "Transfer-Encoding", "X-Forwarded-For",
        "X_Forwarded_For", "x.forwarded.user", "Forwarded", "X-Real-IP", "X-Request-Id", "Proxy", "X-Original-URL",
        "X-HTTP-Method-Override", "Keep-Alive", "traceparent", "TE", "X_Under",
    ])
    func `trailers say nothing that belongs into the head`(name: String) throws {
        let trailers = FieldList()
        try withBytes(name) { name in try withBytes("x") { try trailers.append(name: name, value: $0) } }
        RequestFieldPolicy(definition()).removeForbidden(from: trailers, route: try route(definition()))
        #expect(trailers.isEmpty)
    }

    @Test(arguments: [
        "X-User-Name", "x-user-name, close", "close, X_USER_NAME", "keep-alive, X-Client-Id, X-User-Name",
        "X-User-Name, X-Forwarded-For, Forwarded, Via, X-Request-Id, traceparent, Host, X-Forwarded-Proto",
    ])
    func `Connection cannot remove what the gateway says`(connection: String) throws {
        var forwarding = Forwarding()
        forwarding.token = .test()
        let head = try requestHead("GET / HTTP/1.1", "X-User-Name: admin", "Connection: \(connection)")
        let names = try forwarding.lines(head).map(cgiName)
        #expect(try forwarding.values("X-User-Name", head) == ["alice"])
        #expect(try forwarding.values("X-Client-Id", head) == ["app"])
        for name in ["X_FORWARDED_FOR", "FORWARDED", "VIA", "X_REQUEST_ID", "TRACEPARENT", "X_FORWARDED_PROTO"] {
            #expect(names.filter { $0 == name }.count == 1)
        }
        #expect(!names.contains("CONNECTION"))
    }

    @Test func `what Connection names goes no further`() throws {
        let head = try requestHead(
            "GET / HTTP/1.1",
            "X-One: 1",
            "x-two: 2",
            "X-Three: 3",
            "Connection: close, X-One",
            "connection: X-TWO"
        )
        let names = try Forwarding().lines(head).map(cgiName)
        #expect(!names.contains("X_ONE") && !names.contains("X_TWO") && names.contains("X_THREE"))
    }

    @Test func `Connection with more names than anybody needs is refused`() throws {
        let options = (0..<33).map { "X-\($0)" }.joined(separator: ", ")
        let head = try requestHead("GET / HTTP/1.1", "Connection: \(options)")
        #expect(throws: GatewayFailure.connectionOptions) { try Forwarding().lines(head) }
    }

    @Test(arguments: [
        "Keep-Alive: timeout=5", "Proxy-Connection: close", "Proxy-Authorization: Basic YTpi", "TE: trailers",
        "Upgrade: websocket", "Proxy-Authenticate: Basic", "HTTP2-Settings: AA", "Proxy: http://evil",
        "X-Original-URL: /admin", "X-Rewrite-URL: /admin", "X-HTTP-Method-Override: DELETE", "X-HTTP-Method: PUT",
        "X-Method-Override: PUT", "X-Real-IP: 6.6.6.6", "X-Forwarded-User: admin", "X-Forwarded-Email: a@b",
        "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /x", "X-Forwarded-Server: x", "X-Forwarded-Proto-Version: x",
    ])
    func `what no client should say to an upstream is dropped in every spelling`(line: String) throws {
        let name = String(line.prefix { $0 != ":" })
        for spelling in Self.spellings {
            var forwarding = Forwarding()
            forwarding.definition = definition(.allow)
            let head = try requestHead("GET / HTTP/1.1", spelling(name) + line.dropFirst(name.count))
            #expect(!(try forwarding.lines(head).map(cgiName).contains(cgiName(name))), "\(spelling(name))")
        }
    }

    @Test(arguments: ["Transfer_Encoding: chunked", "Content_Length: 5", "Transfer.Encoding: chunked", "Keep_Alive: x"])
    func `no other spelling of framing passes`(line: String) throws {
        for isTrusted in [false, true] {
            var forwarding = Forwarding(isTrusted: isTrusted)
            forwarding.definition = definition(.allow)
            let lines = try forwarding.lines(requestHead("POST / HTTP/1.1", line, "Content-Length: 0"))
            #expect(!lines.map(cgiName).contains(cgiName(line)))
        }
    }

    @Test func `not even a trusted proxy speaks in other spellings`() throws {
        var forwarding = Forwarding(isTrusted: true)
        forwarding.definition = definition(.allow)
        let head = try requestHead(
            "GET / HTTP/1.1",
            "X_Forwarded_For: 6.6.6.6",
            "X.Real.IP: 6.6.6.6",
            "X_Forwarded_User: a"
        )
        #expect(try forwarding.values("X-Forwarded-For", head) == ["192.0.2.7"])
        #expect(!(try forwarding.lines(head).contains { $0.contains("6.6.6.6") || $0.hasSuffix(": a") }))
    }

    @Test func `names with underscores are dropped, refused or passed as configured`() throws {
        let head = try requestHead("GET / HTTP/1.1", "X_Custom: 1")
        var forwarding = Forwarding()
        forwarding.definition = definition(.drop)
        #expect(try forwarding.values("X_Custom", head) == [])
        forwarding.definition = definition(.allow)
        #expect(try forwarding.values("X_Custom", head) == ["1"])
        forwarding.definition = definition(.reject)
        #expect(throws: GatewayFailure.underscoreName) { try forwarding.lines(head) }
        #expect(try forwarding.values("X.Custom", requestHead("GET / HTTP/1.1", "X.Custom: 1")) == ["1"])
    }

    @Test func `two Authorization fields are refused on public routes too`() throws {
        let head = try requestHead("GET / HTTP/1.1", "Authorization: Basic YTpi", "Authorization: Bearer x")
        #expect(throws: GatewayFailure.malformedCredentials(.repeatedField)) { try Forwarding().lines(head) }
    }

    @Test func `a field that hashes like a managed one but is another passes`() throws {
        let table = {
            var table = FoldedNameTable<Int>()
            for (index, name) in (0..<500).map({ "X-Name-\($0)" }).enumerated() { table.set(name, to: index) }
            return table
        }()
        #expect(table.value(for: "x_name.499") == 499)
        #expect(table.value(for: "X-Name-500") == nil)
        #expect(table.value(for: "") == nil)
    }
}
