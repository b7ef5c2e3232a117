import Bytes
import HTTP
import Testing

@Suite struct RequestHeadHTTP2Tests {
    @Test func `a request of pseudo-fields reads like one of HTTP 1_1`() throws {
        let head = try build("POST", "/a/../b?c", "API.example:8443", [("content-length", "3"), ("te", "trailers")])
        #expect(head.method == .post && head.majorVersion == 2)
        #expect(head.path.text == "/b" && head.query?.text == "c" && head.target.text == "/a/../b?c")
        #expect(head.authority.text == "API.example:8443" && head.host.text == "api.example" && head.port == 8443)
        #expect(head.framing == .length(3) && head.keepsAlive && !head.isUpgrade)
        #expect(head.fieldCount == 2)
    }

    @Test func `a body of unknown length is chunked`() throws {
        #expect(try build("POST", "/", "a", []).framing == .chunked)
        #expect(try build("GET", "/", "a", [], isComplete: true).framing == .none)
        #expect(try build("POST", "/", "a", [("content-length", "0")], isComplete: true).framing == .none)
    }

    @Test func `Host may stand for the authority or repeat it`() throws {
        for authority in [nil, "B"] {
            let head = try build("GET", "/", authority, [("host", "b")])
            #expect(head.host.text == "b")
        }
        #expect(throws: HTTPParseError.differingAuthority) { try build("GET", "/", "a", [("host", "b")]) }
        #expect(throws: HTTPParseError.missingHost) { try build("GET", "/", nil, []) }
        #expect(throws: HTTPParseError.invalidHost) { try build("GET", "/", "u@a", []) }
    }

    @Test(
        arguments: [
            ("connection", "close", .connectionSpecificField),
            ("transfer-encoding", "chunked", .connectionSpecificField),
            ("upgrade", "x", .connectionSpecificField), ("keep-alive", "1", .connectionSpecificField),
            ("proxy-connection", "x", .connectionSpecificField), ("te", "gzip", .connectionSpecificField),
            ("x", "a\r\nb", .controlCharacter), ("x y", "a", .invalidFieldName),
            ("content-length", "x", .invalidContentLength),
            ("x", String(repeating: "y", count: 50000), .fieldsTooLarge),
        ] as [(String, String, HTTPParseError)]
    )
    func `a field that HTTP 2 does not allow is refused`(name: String, value: String, error: HTTPParseError) {
        #expect(throws: error) { try build("GET", "/", "a", [(name, value)]) }
    }

    @Test(
        arguments: [
            ("GET", "", .malformedTarget), ("GET", "http://a/", .malformedTarget), ("GET", "*", .malformedTarget),
            ("GET", "/%2f", .forbiddenPathCharacter), ("G T", "/", .malformedRequestLine),
            ("GET", "/ ", .malformedTarget),
            ("GET", "/" + String(repeating: "a", count: 9000), .targetTooLong),
        ] as [(String, String, HTTPParseError)]
    )
    func `a malformed pseudo-field is refused`(method: String, target: String, error: HTTPParseError) {
        #expect(throws: error) { try build(method, target, "a", []) }
    }

    @Test func `CONNECT has an authority, or a path if it is extended`() throws {
        #expect(try build("CONNECT", "", "a:443", []).targetForm == .authority)
        let extended = try build("CONNECT", "/chat", "a", [], connectProtocol: "websocket")
        #expect(extended.targetForm == .origin && extended.path.text == "/chat")
        #expect(extended.connectProtocol?.text == "websocket" && extended.framing == .none)
        #expect(try build("CONNECT", "", "a:443", []).connectProtocol == nil)
        #expect(try build("GET", "/", "a", []).connectProtocol == nil)
    }

    @Test func `a protocol is named by CONNECT only, as a token, and there is no content`() {
        for (method, target, name) in [("GET", "/", "websocket"), ("CONNECT", "/", "web socket"), ("CONNECT", "", "x")]
        {
            #expect(throws: HTTPParseError.malformedRequestLine) {
                try build(method, target, "a", [], connectProtocol: name)
            }
        }
        for length in ["0", "3"] {
            #expect(throws: HTTPParseError.invalidContentLength) {
                try build("CONNECT", "/", "a", [("content-length", length)], connectProtocol: "websocket")
            }
        }
    }

    @Test func `too many fields are refused`() {
        let fields = (0...100).map { ("x\($0)", "y") }
        #expect(throws: HTTPParseError.tooManyFields) { try build("GET", "/", "a", fields) }
    }

    private func build(
        _ method: String,
        _ target: String,
        _ authority: String?,
        _ fields: [(String, String)],
        connectProtocol: String? = nil,
        isComplete: Bool = false
    ) throws -> RequestHead {
        let head = RequestHead()
        try withOptionalBytes(authority) { authority in
            try withOptionalBytes(connectProtocol) { connectProtocol in
                try Array(method.utf8).withUnsafeBytes { method in
                    try Array(target.utf8).withUnsafeBytes { target in
                        try head.begin(
                            method: method,
                            target: target,
                            authority: authority,
                            connectProtocol: connectProtocol,
                            limits: HTTPLimits()
                        )
                    }
                }
            }
        }
        for (name, value) in fields {
            try Array(name.utf8).withUnsafeBytes { name in
                try Array(value.utf8).withUnsafeBytes { try head.append(name: name, value: $0, limits: HTTPLimits()) }
            }
        }
        try head.finish(isComplete: isComplete)
        return head
    }

    private func withOptionalBytes(_ text: String?, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        guard let text else { return try body(nil) }
        try Array(text.utf8).withUnsafeBytes { try body($0) }
    }
}
