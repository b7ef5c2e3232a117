import Bytes
import HTTP
import Testing

@testable import Gateway

@Suite struct RouterTests {
    @Test func `a request finds its route, or hears why not`() throws {
        let router = try router([.test("/a") { $0.methods = ["GET", "POST"] }])
        #expect(router.outcome(try requestHead("GET /a HTTP/1.1")) == "/a")
        #expect(router.outcome(try requestHead("GET /b HTTP/1.1")) == "not_found")
        #expect(router.outcome(try requestHead("DELETE /a HTTP/1.1")) == "method_not_allowed GET, HEAD, POST")
        #expect(router.outcome(try requestHead("get /a HTTP/1.1")) == "method_not_allowed GET, HEAD, POST")
        #expect(router.outcome(try requestHead("OPTIONS * HTTP/1.1")) == "not_found")
    }

    @Test(arguments: [
        ("/a;v=1", "path_parameters"), ("/a%3bv=1", "path_parameters"), ("/m;v=1", "/m"), ("/m%3Bv", "/m"),
        ("/none;x", "path_parameters"), ("/w/x;v/y", "/w/**"), ("/w/;v/y", "path_parameters"), ("/w/y/;v", "/w/**"),
    ])
    func `path parameters need a route that takes them`(path: String, expected: String) throws {
        let router = try router([
            .test("/a"), .test("/m") { $0.allowsPathParameters = true },
            .test("/w/**") { $0.allowsPathParameters = true },
        ])
        #expect(router.outcome(try requestHead("GET \(path) HTTP/1.1")) == expected)
    }

    @Test(arguments: [
        ("POST", ["X-HTTP-Method-Override: DELETE"], "delete"), ("POST", ["X-HTTP-Method-Override: delete"], "delete"),
        ("POST", ["X-Method-Override: PATCH"], "rest"), ("POST", [], "rest"),
        ("POST", ["X-HTTP-Method: PUT"], "method_not_allowed DELETE, PUT"),
        ("POST", ["X-HTTP-Method: DELETE", "X-HTTP-Method-Override: GET"], "method_override"),
        ("POST", ["X-HTTP-Method: DELETE", "X-HTTP-Method-Override: DELETE"], "delete"),
        ("POST", ["X-HTTP-Method: DEL ETE"], "method_override"), ("POST", ["X-HTTP-Method:"], "method_override"),
        ("GET", ["X-HTTP-Method-Override: DELETE"], "rest"),
    ])
    func `a method override is authorized as what it asks for`(
        method: String,
        lines: [String],
        expected: String
    ) throws {
        let router = try router([
            .test("/a") { route in
                route.name = "delete"
                route.methods = ["DELETE"]
                route.allowsMethodOverride = true
            },
            .test("/a") { route in
                route.name = "put"
                route.methods = ["PUT"]
            },
            .test("/a") { route in
                route.name = "rest"
                route.allowsMethodOverride = true
            },
        ])
        let head = try requestHead((["\(method) /a HTTP/1.1"] + lines).joined(separator: "\r\n"))
        #expect(router.outcome(head) == expected)
    }

    @Test func `without a route that takes overrides they mean nothing`() throws {
        let router = try router([.test("/a") { $0.methods = ["POST"] }, .test("/a") { $0.methods = ["DELETE"] }])
        let head = try requestHead("POST /a HTTP/1.1", "X-HTTP-Method-Override: DELETE")
        guard case .route(let route) = router.route(head) else {
            Issue.record("no route")
            return
        }
        #expect(route.methods == ["POST"])
    }

    @Test func `a preflight is answered before anybody asks for a token`() throws {
        let snapshot = try GatewaySnapshot(
            .test([
                .test("/a", .scopes(all: ["notes:read"], any: [])) { route in
                    route.methods = ["GET"]
                    route.cors = CORSDefinition(origins: ["https://app.example"])
                },
                .test("/a", .authenticated) { $0.methods = ["PUT"] }, .test("/b"),
            ])
        )
        for method in ["GET", "PUT", "PATCH"] {
            let answer = try preflight(snapshot, "/a", "https://app.example", method)
            #expect(answer.contains("Access-Control-Allow-Origin: https://app.example\r\n"))
            #expect(answer.contains("Access-Control-Allow-Methods: GET, HEAD, PUT\r\n"))
            #expect(answer.contains("Access-Control-Allow-Headers: authorization, x-a\r\n"))
            #expect(answer.contains("Access-Control-Max-Age: 600\r\n"))
            #expect(!answer.contains("Credentials"))
        }
        #expect(try preflight(snapshot, "/a", "https://evil.example", "GET") == "origin_not_allowed")
        #expect(try preflight(snapshot, "/b", "https://app.example", "GET") == "/b")
        #expect(try preflight(snapshot, "/none", "https://app.example", "GET") == "not_found")
    }

    @Test func `an OPTIONS that is no preflight is a request like any other`() throws {
        let router = try router([.test("/a") { $0.cors = CORSDefinition(origins: nil) }])
        #expect(router.outcome(try requestHead("OPTIONS /a HTTP/1.1", "Origin: https://app.example")) == "/a")
        #expect(router.outcome(try requestHead("GET /a HTTP/1.1", "Access-Control-Request-Method: GET")) == "/a")
    }

    @Test func `what a preflight asks for is repeated only if it is well-formed`() throws {
        let snapshot = try GatewaySnapshot(.test([.test("/a") { $0.cors = CORSDefinition(origins: nil) }]))
        let answer = try preflight(snapshot, "/a", "https://x.example", "GE T", fields: "a b, c")
        #expect(answer.contains("Access-Control-Allow-Origin: *\r\n"))
        #expect(!answer.contains("Allow-Methods") && !answer.contains("Allow-Headers"))
    }

    @Test func `lists of the configuration are the answer, and credentials need named origins`() throws {
        var cors = CORSDefinition(origins: ["https://app.example"])
        cors.methods = ["GET"]
        cors.requestFields = ["Authorization"]
        cors.exposedFields = ["X-Total", "www-authenticate"]
        cors.allowsCredentials = true
        let snapshot = try GatewaySnapshot(.test([.test("/a") { $0.cors = cors }]))
        let answer = try preflight(snapshot, "/a", "https://app.example", "PUT")
        #expect(answer.contains("Allow-Methods: GET\r\n") && answer.contains("Allow-Headers: Authorization\r\n"))
        #expect(answer.contains("Access-Control-Allow-Credentials: true\r\n"))
        var fields = FieldBlock()
        withBytes("https://app.example") { CORSPolicy(cors).write(for: $0, into: &fields) }
        #expect(fields.text.contains("Expose-Headers: WWW-Authenticate, X-Request-Id, Retry-After, X-Total\r\n"))
        cors.origins = nil
        fields.removeAll()
        withBytes("https://evil.example") { CORSPolicy(cors).write(for: $0, into: &fields) }
        #expect(fields.text.contains("Allow-Origin: *\r\n") && !fields.text.contains("Credentials"))
    }

    @Test(arguments: [
        "https://app.example:443", "HTTPS://app.example", "https://app.example/", "null", "", "https://app.exampl",
    ])
    func `an origin is compared byte for byte`(origin: String) {
        let cors = CORSPolicy(CORSDefinition(origins: ["https://app.example"]))
        #expect(!withBytes(origin) { cors.allows($0) })
    }

    @Test(
        arguments: [
            ("https://app.example", true), ("https://api.example", true), ("http://API.example", true),
            ("https://evil.example", false), ("null", false), ("https://api.example.evil.example", false),
            ("https://api.example:8443", false), (nil, true),
        ] as [(String?, Bool)]
    )
    func `a WebSocket is opened by pages of this host and of the route's origins`(origin: String?, isTaken: Bool) throws
    {
        let router = try router([.test("/a") { $0.cors = CORSDefinition(origins: ["https://app.example"]) }])
        let head = try requestHead(
            "GET /a HTTP/1.1",
            "Connection: Upgrade",
            "Upgrade: websocket",
            origin.map { "Origin: \($0)" } ?? "X: y"
        )
        #expect(router.outcome(head) == (isTaken ? "/a" : "origin_not_allowed"))
        // Any other request is answered, and the browser does not show the answer.
        #expect(router.outcome(try requestHead("GET /a HTTP/1.1", "Origin: \(origin ?? "null")")) == "/a")
        let open = try self.router([.test("/a")])
        #expect(open.outcome(head) == "/a")
    }

    @Test func `an extended CONNECT is routed as the GET that it becomes`() throws {
        let router = try router([
            .test("/a") { $0.methods = ["GET"] }, .test("/b") { $0.methods = ["POST"] },
        ])
        #expect(router.outcome(try extendedConnect([], path: "/a")) == "/a")
        #expect(router.outcome(try extendedConnect([], path: "/b")) == "method_not_allowed POST")
    }

    private func router(_ routes: [RouteDefinition]) throws -> Router { try GatewaySnapshot(.test(routes)).router }

    private func preflight(
        _ snapshot: GatewaySnapshot,
        _ path: String,
        _ origin: String,
        _ method: String,
        fields: String = "authorization, x-a"
    ) throws -> String {
        let head = try requestHead(
            "OPTIONS \(path) HTTP/1.1",
            "Origin: \(origin)",
            "Access-Control-Request-Method: \(method)",
            "Access-Control-Request-Headers: \(fields)"
        )
        guard case .preflight(let cors, let allow) = snapshot.router.route(head) else {
            return snapshot.router.outcome(head)
        }
        var block = FieldBlock()
        cors.writePreflight(head, allow: allow, into: &block)
        return block.text
    }
}

extension Router {
    /// The route's name, or the reason of the failure and what the client may do instead.
    fileprivate func outcome(_ head: RequestHead) -> String {
        switch route(head) {
        case .route(let route): route.name
        case .preflight: "preflight"
        case .failure(.methodNotAllowed(let allow), _): "method_not_allowed \(allow.text)"
        case .failure(let failure, _): failure.reason
        }
    }
}

@Suite struct UpstreamPathTests {
    @Test(arguments: [
        ("/api/**", nil, "/api/x", "/api/x"), ("/api/**", "/v2", "/api/x/y", "/v2/x/y"),
        ("/api/**", "/v2", "/api", "/v2"),
        ("/api/**", "/v2", "/api/", "/v2/"), ("/api/**", "/", "/api/x", "/x"), ("/api/**", "/", "/api", "/"),
        ("/api/**", "/", "/api/", "/"), ("/**", "/v2", "/x", "/v2/x"), ("/**", "/", "/x", "/x"),
        ("/api/*/x", "/v2", "/api/7/x", "/v2/7/x"), ("/api", "/v2/y", "/api", "/v2/y"), ("/", "/home", "/", "/home"),
        ("/a%20b/**", "/c", "/a%20b/d", "/c/d"), ("/*", "/v/", "/x", "/v/x"),
    ])
    func `a prefix stands in for what is before the first star`(
        pattern: String,
        prefix: String?,
        path: String,
        expected: String
    ) throws {
        let definition = GatewayDefinition.test([.test(pattern) { $0.rewritePrefix = prefix }])
        let route = try GatewaySnapshot(definition).router.table.routes[0]
        var buffer = ByteBuffer()
        withBytes(path) { route.appendUpstreamPath(of: $0, to: &buffer) }
        #expect(buffer.text == expected)
    }
}
