import Bytes
import HTTP
import Testing

@testable import Gateway

/// What is asked of an upstream in place of a client that wants another protocol.
@Suite struct TunnelRequestTests {
    private static let handshake = [
        "GET /chat HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    @Test(arguments: [
        ("websocket", "websocket"), ("WebSocket", "WebSocket"), ("h2c, websocket", "websocket"),
        ("a/1, b , H2C", "a/1, b"), ("tcp", "tcp"),
    ])
    func `an upgrade goes on with the protocols that carry no requests`(offered: String, sent: String) throws {
        let lines = try Forwarding().lines(
            requestHead("GET / HTTP/1.1", "Connection: Upgrade, X-Drop", "X-Drop: 1", "Upgrade: \(offered)")
        )
        #expect(Array(lines.prefix(2)) == ["Connection: Upgrade", "Upgrade: \(sent)"])
        #expect(!lines.contains { $0.hasPrefix("X-Drop") })
    }

    @Test(arguments: [
        "h2c", "H2C", "h2", "HTTP/2.0", "TLS/1.3, HTTP/1.1", "https", "h2c,", ", ,", "a/b/c", "web socket", "/1",
    ])
    func `an upgrade to more requests or to nothing does not go on`(offered: String) throws {
        let head = try requestHead(
            "GET / HTTP/1.1",
            "Connection: Upgrade, HTTP2-Settings",
            "Upgrade: \(offered)",
            "HTTP2-Settings: AAMAAABkAAQAAP__"
        )
        #expect(TunnelRequest(head) == nil)
        let names = try Forwarding().lines(head).map { $0.prefix { $0 != ":" }.lowercased() }
        #expect(!names.contains("upgrade") && !names.contains("connection") && !names.contains("http2-settings"))
    }

    @Test(arguments: ["GET / HTTP/1.0", "GET / HTTP/1.1"])
    func `an Upgrade that Connection does not name, or of HTTP 1_0, asks for nothing`(line: String) throws {
        let named = line.hasSuffix("1.0") ? "Connection: Upgrade" : "X: y"
        #expect(try TunnelRequest(requestHead(line, named, "Upgrade: websocket")) == nil)
    }

    @Test func `an extended CONNECT becomes a handshake with a key of its own`() throws {
        let head = try extendedConnect([("sec-websocket-version", "13"), ("sec-websocket-key", "mine")])
        let lines = try Forwarding().lines(head)
        #expect(lines.contains("sec-websocket-version: 13"))
        #expect(lines.contains("Connection: Upgrade") && lines.contains("Upgrade: websocket"))
        let keys = lines.filter { $0.lowercased().hasPrefix("sec-websocket-key:") }
        #expect(keys.count == 1)
        let key = try #require(keys.first).dropFirst("Sec-WebSocket-Key: ".count)
        #expect(key.utf8.count == 24 && key.hasSuffix("==") && key != "mine")
    }

    /// RFC 6455 §1.3.
    @Test func `the answer to a key is the standard's`() {
        let accept = TunnelRequest.accept(of: Array("dGhlIHNhbXBsZSBub25jZQ==".utf8))
        #expect(accept.text == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test(
        arguments: [
            (["Upgrade: websocket"], "websocket"), (["Upgrade: WEBSOCKET"], "WEBSOCKET"), (["Upgrade: other"], nil),
            ([], nil), (["Upgrade: websocket", "Upgrade: websocket"], nil), (["Upgrade: websocket, b"], nil),
            (["Upgrade: h2c"], nil),
        ] as [([String], String?)]
    )
    func `the upstream may switch to what it was asked for`(fields: [String], chosen: String?) throws {
        let head = try requestHead("GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: h2c, b, websocket")
        let tunnel = try #require(TunnelRequest(head))
        #expect(try chosenProtocol(tunnel, fields, head) == chosen)
    }

    @Test func `an extended CONNECT succeeds with the right answer to the key only`() throws {
        let head = try extendedConnect([])
        let tunnel = try #require(TunnelRequest(head))
        var block = ByteBuffer()
        tunnel.append(head, to: &block)
        let key = try #require(block.text.split(separator: "\r\n").last).dropFirst("Sec-WebSocket-Key: ".count)
        let accept = TunnelRequest.accept(of: Array(key.utf8)).text
        let upgrade = "Upgrade: websocket"
        let right = "Sec-WebSocket-Accept: \(accept)"
        #expect(try chosenProtocol(tunnel, [upgrade, right], head) == "websocket")
        for wrong in [
            [upgrade], [right], [upgrade, right, right], ["Upgrade: tcp", right],
            [upgrade, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
        ] {
            #expect(try chosenProtocol(tunnel, wrong, head) == nil)
        }
    }

    @Test func `a token among the subprotocols goes nowhere`() throws {
        let others = ["chat, bearer.a.b.c, chat2", "chat,BEARER.x", "bearer.a", "bearer., chat", "chat, chat2"]
        let sent = ["chat, chat2", "chat", nil, "chat", "chat, chat2"]
        for (offered, sent) in zip(others, sent) {
            let head = try handshake("Sec-WebSocket-Protocol: \(offered)")
            #expect(try Forwarding().values("Sec-WebSocket-Protocol", head) == [sent].compactMap(\.self))
        }
        let plain = try requestHead("GET / HTTP/1.1", "Sec-WebSocket-Protocol: bearer.a")
        #expect(try Forwarding().lines(plain).allSatisfy { !$0.contains("bearer") })
    }

    @Test func `a route that forwards the token gets it as Authorization`() throws {
        var forwarding = Forwarding()
        forwarding.definition = .test([.test("/**", .authenticated) { $0.forwardsAuthorization = true }])
        forwarding.token = .test()
        let head = try handshake("Sec-WebSocket-Protocol: chat, bearer.a.b.c")
        #expect(try forwarding.values("Authorization", head) == ["Bearer a.b.c"])
        #expect(try forwarding.values("Sec-WebSocket-Protocol", head) == ["chat"])
    }

    @Test(
        arguments: [
            ("bearer.a", "bearer.a"), ("bearer.a, bearer.b", "bearer.a"), ("bearer.a, chat", nil), ("chat", nil),
            ("", nil),
        ] as [(String, String?)]
    )
    func `a token is chosen where nothing else is offered`(offered: String, chosen: String?) throws {
        let head = try handshake("Sec-WebSocket-Protocol: \(offered)")
        #expect(WebSocketProtocols.onlyToken(in: head)?.text == chosen)
    }

    private func handshake(_ field: String) throws -> RequestHead {
        let lines = Self.handshake
        return try requestHead(lines[0], lines[1], lines[2], lines[3], lines[4], field)
    }

    /// What is spoken after a 101 with these fields.
    private func chosenProtocol(_ tunnel: TunnelRequest, _ fields: [String], _ request: RequestHead) throws -> String? {
        let head = ResponseHead()
        var parser = ResponseHeadParser(limits: HTTPLimits())
        let text = (["HTTP/1.1 101 Switching Protocols"] + fields).joined(separator: "\r\n") + "\r\n\r\n"
        _ = try Array(text.utf8).withUnsafeBytes { try parser.parse($0, into: head) }
        return withExtendedLifetime(head) { tunnel.chosenProtocol(head, request)?.text }
    }
}

/// The head of an extended CONNECT for a WebSocket, or for another protocol.
func extendedConnect(
    _ fields: [(String, String)],
    path: String = "/chat",
    connectProtocol: String = "websocket"
) throws -> RequestHead {
    let head = RequestHead()
    try withBytes("CONNECT") { method in
        try withBytes(path) { target in
            try withBytes("api.example") { authority in
                try withBytes(connectProtocol) { name in
                    try head.begin(
                        method: method,
                        target: target,
                        authority: authority,
                        connectProtocol: name,
                        limits: HTTPLimits()
                    )
                }
            }
        }
    }
    for (name, value) in fields {
        try withBytes(name) { name in
            try withBytes(value) { try head.append(name: name, value: $0, limits: HTTPLimits()) }
        }
    }
    try head.finish(isComplete: false)
    return head
}
