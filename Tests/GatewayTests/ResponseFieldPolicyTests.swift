import Bytes
import HTTP
import Testing

@testable import Gateway

@Suite struct ResponseFieldPolicyTests {
    @Test func `what means nothing to the gateway passes in order`() throws {
        let kept = [
            "Server: x", "date: now", "X-A: 1", "Set-Cookie: a=b; Path=/", "X-A: 2", "Trailer: X-Sum", "Vary: *",
        ]
        let head = try responseHead(kept[0], kept[1], kept[2], kept[3], kept[4], kept[5], kept[6])
        #expect(try lines(head).dropLast() == kept[...])
    }

    @Test(arguments: [
        "Connection: close", "Keep-Alive: timeout=5", "Proxy-Connection: x", "Proxy-Authenticate: Basic",
        "Upgrade: h2c", "TE: x", "Content-Length: 0", "Service-Worker-Allowed: /", "X-Request-Id: theirs",
        "Set-Cookie: __Host-gatehouse-session=x; Path=/; Secure", "set-cookie: __host-GATEHOUSE=x",
        "Set-Cookie: =__Host-gatehouse-session=x", "Set-Cookie:  __Host-gatehouse_csrf = x",
        "Set-Cookie2: __Host-gatehouse=1",
    ])
    func `what is for this connection or ours to say does not`(line: String) throws {
        let found = try lines(try responseHead(line))
        #expect(found.count == 1 && found[0].hasPrefix("X-Request-Id: ") && found[0].count == 46)
    }

    @Test func `what Connection names goes no further`() throws {
        let head = try responseHead("Connection: X-Gone, close", "x-gone: 1", "X-Kept: 1")
        #expect(try lines(head).dropLast() == ["X-Kept: 1"])
    }

    @Test func `Connection with too many names is an upstream's fault`() throws {
        let head = try responseHead("Connection: " + (0..<40).map { "x\($0)" }.joined(separator: ","))
        #expect(throws: GatewayFailure.upstreamMalformed) { try lines(head) }
    }

    @Test func `a route removes, sets and adds`() throws {
        let route = RouteDefinition.test { route in
            route.responseHeaders = FieldRules(
                set: [FieldRule(name: "Server", value: "none")],
                add: [FieldRule(name: "X-Frame-Options", value: "DENY")],
                remove: ["X-Powered-By", "X-Request-Id"]
            )
        }
        let head = try responseHead("Server: apache", "X-Powered-By: php", "X-Other: 1")
        #expect(try lines(head, route) == ["X-Other: 1", "Server: none", "X-Frame-Options: DENY"])
    }

    @Test func `with rules of its own a route answers for origins alone`() throws {
        let route = RouteDefinition.test { $0.cors = CORSDefinition(origins: ["https://app.example"]) }
        let head = try responseHead("Access-Control-Allow-Origin: *", "Access-Control-Max-Age: 1", "X-A: 1")
        let found = try lines(head, route, origin: "https://app.example").dropLast()
        #expect(
            found == [
                "X-A: 1", "Vary: Origin", "Access-Control-Allow-Origin: https://app.example",
                "Access-Control-Expose-Headers: WWW-Authenticate, X-Request-Id, Retry-After",
            ]
        )
        #expect(try lines(head, route, origin: "https://evil.example").dropLast() == ["X-A: 1", "Vary: Origin"])
        #expect(try lines(head).first == "Access-Control-Allow-Origin: *")
    }

    @Test func `trailers keep to the same rules`() throws {
        let trailers = FieldList()
        for name in ["X-Sum", "Set-Cookie", "Connection", "Content-Length", "X_Gone", "Access-Control-Allow-Origin"] {
            try withBytes(name) { name in try withBytes("x") { try trailers.append(name: name, value: $0) } }
        }
        let route = try route(.test { $0.responseHeaders.remove = ["X-Gone"] })
        ResponseFieldPolicy.removeForbidden(from: trailers, route: route)
        #expect((0..<trailers.count).map { trailers.name($0).text } == ["X-Sum"])
    }

    private func lines(
        _ head: ResponseHead,
        _ route: RouteDefinition = .test(),
        origin: String? = nil
    ) throws -> [String] {
        var block = FieldBlock()
        let route = try self.route(route)
        let requestID = RequestIDGenerator().next(for: RequestHead(), isFromTrustedProxy: false)
        try withBytes(origin ?? "") { bytes in
            try ResponseFieldPolicy.write(
                head,
                route: route,
                origin: origin == nil ? nil : bytes,
                requestID: requestID,
                into: &block
            )
        }
        return block.text.split(separator: "\r\n").map(String.init)
    }

    private func route(_ definition: RouteDefinition) throws -> Route {
        try GatewaySnapshot(.test([definition])).router.table.routes[0]
    }
}
