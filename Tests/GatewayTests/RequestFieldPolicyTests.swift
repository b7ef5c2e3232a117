import Bytes
import HTTP
import Testing

@testable import Gateway

@Suite struct RequestFieldPolicyTests {
    @Test func `what means nothing to the gateway passes byte for byte and in order`() throws {
        let kept = [
            "accept: */*", "X-Custom: a  b\u{E9}", "user-agent:  x\t", "X-Empty:", "Trailer: X-Sum", "X-Custom: c",
        ]
        let head = try requestHead(
            "GET / HTTP/1.1",
            kept[0],
            kept[1],
            kept[2],
            kept[3],
            kept[4],
            kept[5],
            "Content-Length: 0"
        )
        let lines = try Forwarding().lines(head)
        #expect(Array(lines.prefix(6)) == ["accept: */*", kept[1], "user-agent: x", "X-Empty: ", kept[4], kept[5]])
    }

    @Test func `the user, the client, scopes and claims go upstream`() throws {
        var forwarding = Forwarding()
        forwarding.definition = .test([
            .test("/**", .authenticated) { route in
                route.claimHeaders = ["email", "n", "list", "none", "object", "yes"].map {
                    ClaimHeader(header: "X-\($0)", claim: $0)
                }
            }
        ]) { $0.forwarding.scopeHeader = "X-Scope" }
        forwarding.token = .test(
            user: "Zoë 100%",
            client: "app",
            scopes: ["foreign", "notes:write"],
            claims: #"{"email": "a@b", "n": 1.50, "list": ["a", "b,c", 3], "none": null, "object": {}, "yes": true}"#
        )
        let head = try requestHead("GET / HTTP/1.1")
        #expect(try forwarding.values("X-User-Name", head) == ["Zo%C3%AB 100%25"])
        #expect(try forwarding.values("X-Client-Id", head) == ["app"])
        #expect(try forwarding.values("X-Scope", head) == ["foreign notes:write notes:read"])
        #expect(try forwarding.values("X-email", head) == ["a@b"])
        #expect(try forwarding.values("X-n", head) == ["1.50"])
        #expect(try forwarding.values("X-list", head) == ["a,b%2Cc,3"])
        #expect(try forwarding.values("X-none", head) == [])
        #expect(try forwarding.values("X-object", head) == [])
        #expect(try forwarding.values("X-yes", head) == ["true"])
    }

    @Test(arguments: [
        ("alice ", "alice%20"), (" alice", "%20alice"), ("  ", "%20%20"), ("a b", "a b"), ("a\tb", "a%09b"),
        ("a\r\nX-Admin: 1", "a%0D%0AX-Admin: 1"), ("\u{0}", "%00"), ("%20", "%2520"),
    ])
    func `no two names read the same upstream`(name: String, value: String) throws {
        var forwarding = Forwarding()
        forwarding.token = .test(user: name)
        #expect(try forwarding.values("X-User-Name", requestHead("GET / HTTP/1.1")) == [value])
    }

    @Test func `a token without a user and without a client sends neither`() throws {
        var forwarding = Forwarding()
        forwarding.token = .test(user: nil, client: nil)
        let names = try forwarding.lines(requestHead("GET / HTTP/1.1")).map(cgiName)
        #expect(!names.contains("X_USER_NAME") && !names.contains("X_CLIENT_ID"))
    }

    @Test func `where the request came from is told in every usual way`() throws {
        let head = try requestHead(
            "GET / HTTP/1.0",
            "Host: Api.Example:8443",
            "X-Forwarded-For: 6.6.6.6",
            "X-Forwarded-Proto: http",
            "X-Forwarded-Host: evil",
            "Forwarded: for=6.6.6.6",
            "Via: 1.1 earlier",
            "X-Request-Id: mine"
        )
        let forwarding = Forwarding()
        #expect(try forwarding.values("X-Forwarded-For", head) == ["192.0.2.7"])
        #expect(try forwarding.values("X-Forwarded-Proto", head) == ["https"])
        #expect(try forwarding.values("X-Forwarded-Host", head) == ["Api.Example:8443"])
        #expect(try forwarding.values("Forwarded", head) == [#"for=192.0.2.7;host="Api.Example:8443";proto=https"#])
        #expect(try forwarding.values("Via", head) == ["1.1 earlier", "1.0 gatehouse"])
        let requestID = try forwarding.values("X-Request-Id", head)
        #expect(requestID.count == 1 && requestID[0].count == 32 && requestID[0] != "mine")
    }

    @Test func `a trusted proxy is believed and added to`() throws {
        let head = try requestHead(
            "GET / HTTP/1.1",
            "X-Forwarded-For: 1.1.1.1",
            "X-Forwarded-For: 2.2.2.2",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: shop.example",
            "X-Forwarded-Port: 444",
            "X-Forwarded-Other: x",
            "X-Real-IP: 1.1.1.1",
            "Forwarded: for=1.1.1.1",
            "X-Request-Id: abc-123"
        )
        let forwarding = Forwarding(address: "2001:db8::1", isTrusted: true, isSecure: false)
        #expect(try forwarding.values("X-Forwarded-For", head) == ["1.1.1.1, 2.2.2.2, 2001:db8::1"])
        #expect(try forwarding.values("X-Forwarded-Proto", head) == ["https"])
        #expect(try forwarding.values("X-Forwarded-Host", head) == ["shop.example"])
        #expect(try forwarding.values("X-Forwarded-Port", head) == ["444"])
        #expect(try forwarding.values("X-Forwarded-Other", head) == ["x"])
        #expect(try forwarding.values("X-Real-IP", head) == ["1.1.1.1"])
        #expect(
            try forwarding.values("Forwarded", head) == [
                #"for=1.1.1.1, for="[2001:db8::1]";host="api.example";proto=http"#
            ]
        )
        #expect(try forwarding.values("X-Request-Id", head) == ["abc-123"])
    }

    @Test(arguments: ["", "a b", "a\"b", "é", String(repeating: "a", count: 129), "a\r\nX-Request-Id: b", "a,b"])
    func `a request id of a proxy that could be read in two ways is replaced`(value: String) throws {
        let head = try requestHead("GET / HTTP/1.1", "X-Request-Id: \(value)")
        let requestID = try Forwarding(isTrusted: true).values("X-Request-Id", head)
        #expect(requestID.count == 1 && requestID[0].count == 32)
    }

    @Test func `a client without an address is unknown`() throws {
        let lines = try Forwarding(address: "").lines(requestHead("GET / HTTP/1.1"))
        #expect(lines.contains("X-Forwarded-For: unknown"))
        #expect(lines.contains(#"Forwarded: for=unknown;host="api.example";proto=https"#))
    }

    private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func `a valid trace goes on, with its state`() throws {
        let head = try requestHead("GET / HTTP/1.1", "traceparent: \(Self.parent)", "tracestate: a=b")
        #expect(try Forwarding().values("traceparent", head) == [Self.parent])
        #expect(try Forwarding().values("tracestate", head) == ["a=b"])
    }

    @Test(arguments: [
        "", "x", parent.uppercased(), parent + "0", parent + "-x", "ff" + parent.dropFirst(2),
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "\(parent)\r\ntraceparent: \(parent)",
        parent.replacing("-01", with: "-0g"), parent.replacing("-", with: "_"),
    ])
    func `a trace that is not valid ends, and another begins`(value: String) throws {
        let head = try requestHead("GET / HTTP/1.1", "traceparent: \(value)", "tracestate: a=b")
        let started = try Forwarding().values("traceparent", head)
        #expect(started.count == 1 && started != [value])
        #expect(started.allSatisfy { text in withBytes(text) { TraceContext.isValid($0) } && text.hasSuffix("-00") })
        #expect(try Forwarding().values("tracestate", head) == [])
    }

    @Test func `a trace of a later version goes on`() {
        for suffix in ["", "-more"] {
            let later = "01" + Self.parent.dropFirst(2) + suffix
            #expect(withBytes(later) { TraceContext.isValid($0) })
        }
    }

    @Test func `a route removes, sets and adds`() throws {
        var forwarding = Forwarding()
        forwarding.definition = .test([
            .test { route in
                route.requestHeaders = FieldRules(
                    set: [FieldRule(name: "Accept", value: "text/plain"), FieldRule(name: "X-Set", value: "")],
                    add: [FieldRule(name: "X-List", value: "b")],
                    remove: ["X-Gone", "Via", "Forwarded", "traceparent", "X-Request-Id"]
                )
            }
        ])
        let head = try requestHead(
            "GET / HTTP/1.1",
            "Accept: a",
            "X-List: a",
            "x-gone: 1",
            "X_Gone: 2",
            "X-Set: client"
        )
        #expect(try forwarding.values("Accept", head) == ["text/plain"])
        #expect(try forwarding.values("X-List", head) == ["a", "b"])
        #expect(try forwarding.values("X-Set", head) == [""])
        let names = try forwarding.lines(head).map(cgiName)
        for name in ["X_GONE", "VIA", "FORWARDED", "TRACEPARENT", "X_REQUEST_ID"] { #expect(!names.contains(name)) }
    }

    @Test func `a standard field that one route sets is the client's to send on others`() throws {
        var forwarding = Forwarding()
        forwarding.definition = .test([
            .test("/a"),
            .test("/b") { $0.requestHeaders.set = [FieldRule(name: "Accept-Language", value: "en")] },
        ])
        let head = try requestHead("GET / HTTP/1.1", "Accept-Language: de")
        #expect(try forwarding.values("Accept-Language", head) == ["de"])
    }

    @Test(arguments: [
        ("a=b", ["a=b"]), ("__Host-gatehouse-session=x", []), ("a=b; __Host-gatehouse-session=x", ["a=b"]),
        ("__Host-gatehouse=x; a=b;c=d", ["a=b; c=d"]), ("__HOST-GATEHOUSE_x=y;;a", ["a"]), ("", [""]),
        ("a=\"__Host-gatehouse=x\"", ["a=\"__Host-gatehouse=x\""]), ("x__Host-gatehouse=1", ["x__Host-gatehouse=1"]),
    ])
    func `the gateway's own cookies stay here`(cookie: String, expected: [String]) throws {
        #expect(try Forwarding().values("Cookie", requestHead("GET / HTTP/1.1", "Cookie: \(cookie)")) == expected)
    }

    @Test(arguments: [
        (false, "Bearer abc", []), (true, "Bearer abc", ["Bearer abc"]), (false, "bEARER", []),
        (false, "Basic YTpi", ["Basic YTpi"]), (false, "Bearer,abc", []), (false, "Bearerabc", ["Bearerabc"]),
    ])
    func `a token goes no further unless the route says so`(
        forwards: Bool,
        value: String,
        expected: [String]
    ) throws {
        var forwarding = Forwarding()
        forwarding.definition = .test([.test { $0.forwardsAuthorization = forwards }])
        let head = try requestHead("GET / HTTP/1.1", "Authorization: \(value)")
        #expect(try forwarding.values("Authorization", head) == expected)
    }

    @Test func `only the one known expectation goes upstream`() throws {
        let known = try requestHead("PUT / HTTP/1.1", "Content-Length: 3", "Expect: 100-continue")
        #expect(try Forwarding().values("Expect", known) == ["100-continue"])
        let other = try requestHead("PUT / HTTP/1.1", "Content-Length: 3", "Expect: something")
        #expect(try Forwarding().values("Expect", other) == [])
    }

    @Test func `a field that is not contiguous in memory is written all the same`() throws {
        let head = RequestHead()
        try withBytes("X-Name") { name in try withBytes("value") { try head.fields.append(name: name, value: $0) } }
        #expect(try Forwarding().lines(head).first == "X-Name: value")
    }
}
