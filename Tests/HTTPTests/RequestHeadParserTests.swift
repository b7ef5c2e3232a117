import Bytes
import HTTP
import Testing

@Suite struct RequestHeadParserTests {
    @Test func `a request is taken apart`() throws {
        let text =
            "POST /notes/7?a=b&c HTTP/1.1\r\nHost: API.example.com:8443\r\nuser-agent: \t curl/8  \r\n"
            + "Content-Length: 12\r\nX_y.Z: \r\n\r\nbody"
        let request = try #require(try RequestParsing.whole(text).get())
        #expect(request.consumed == text.utf8.count - 4)
        #expect(request.method == "POST")
        #expect(request.target == "/notes/7?a=b&c")
        #expect(request.path == "/notes/7")
        #expect(request.query == "a=b&c")
        #expect(request.authority == "API.example.com:8443")
        #expect(request.host == "api.example.com")
        #expect(request.port == 8443)
        #expect(request.framing == .length(12))
        #expect(request.keepsAlive)
        #expect(
            request.fields == ["Host=API.example.com:8443", "user-agent=curl/8", "Content-Length=12", "X_y.Z="]
        )
    }

    static let accepted = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a//b/../%7e;x?q HTTP/1.1\r\nHost: A.b\r\n\r\nGET /next HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nhost:a\r\ntransfer-encoding:\tCHUNKED\t\r\n\r\n0\r\n\r\n",
        "PROPFIND / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n1234567",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n",
        "GET http://A.example:80/x?y HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: caf\u{e9} \t obs-text\r\nY:\r\nZ:  \t \r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\nExpect: 100-Continue\r\n\r\n",
    ]

    @Test(arguments: accepted)
    func `pieces of any size are read as the whole`(text: String) throws {
        #expect(try RequestParsing.whole(text).get() != nil)
        #expect(RequestParsing.differences(text).isEmpty)
    }

    @Test(arguments: accepted)
    func `a head that lacks its last byte is incomplete`(text: String) throws {
        let consumed = try #require(try RequestParsing.whole(text).get()).consumed
        let input = Array(text.utf8.prefix(consumed - 1))
        #expect(RequestParsing.parse(input, endingAt: [input.count]) == .success(nil))
    }

    @Test func `one parser reads request after request`() throws {
        let input = Array("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\nX: y\r\n\r\n".utf8)
        var parser = RequestHeadParser(limits: HTTPLimits())
        let head = RequestHead()
        let first = try #require(try parser.parse(copyOf: input[...], into: head))
        #expect(head.path.text == "/1")
        head.reset()
        let second = try #require(try parser.parse(copyOf: input[first...], into: head))
        #expect(head.path.text == "/2")
        #expect(head.host.text == "b")
        #expect(head.fieldCount == 2)
        #expect(first + second == input.count)
    }

    @Test(arguments: [
        ("", true, 1), ("Connection: close\r\n", false, 1), ("Connection: x, CLOSE\r\n", false, 1),
        ("Connection: keep-alive\r\nConnection: close\r\n", false, 1), ("", false, 0),
        ("Connection: keep-alive\r\n", true, 0), ("Connection: keep-alive, close\r\n", false, 0),
        ("Connection: closed\r\n", true, 1),
    ])
    func `the connection persists as RFC 9112 says`(field: String, keepsAlive: Bool, minorVersion: Int) throws {
        let text = "GET / HTTP/1.\(minorVersion)\r\nHost: a\r\n\(field)\r\n"
        #expect(try RequestParsing.whole(text).get()?.keepsAlive == keepsAlive)
    }

    @Test(arguments: [("a.example:443", TargetForm.authority, ""), ("/x/../y", .origin, "/y")])
    func `CONNECT is read whatever Host says, so that its method can be refused`(
        target: String,
        form: TargetForm,
        path: String
    ) throws {
        let text = Array("CONNECT \(target) HTTP/1.1\r\nHost: gate\r\nContent-Length: 3\r\n\r\n".utf8)
        let head = RequestHead()
        var parser = RequestHeadParser(limits: HTTPLimits())
        #expect(try parser.parse(copyOf: text[...], into: head) == text.count)
        #expect(head.method == .connect && head.targetForm == form)
        #expect(head.path.text == path && head.host.text == "gate")
        #expect(!head.keepsAlive && head.framing == .none)
    }

    @Test func `an upgrade needs its Connection option and HTTP 1_1`() throws {
        let upgrade = "Host: a\r\nUpgrade: websocket\r\n"
        let option = "Connection: keep-alive, Upgrade\r\n\r\n"
        #expect(try RequestParsing.whole("GET / HTTP/1.1\r\n\(upgrade)\(option)").get()?.isUpgrade == true)
        #expect(try RequestParsing.whole("GET / HTTP/1.1\r\n\(upgrade)\r\n").get()?.isUpgrade == false)
        #expect(try RequestParsing.whole("GET / HTTP/1.0\r\n\(upgrade)\(option)").get()?.isUpgrade == false)
        // Its body would have to be read before the protocol can change.
        let body = "Content-Length: 3\r\n"
        #expect(try RequestParsing.whole("POST / HTTP/1.1\r\n\(body)\(upgrade)\(option)").get()?.isUpgrade == false)
    }

    @Test func `Expect counts in HTTP 1_1 only`() throws {
        let fields = "Host: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n"
        #expect(try RequestParsing.whole("PUT / HTTP/1.1\r\n\(fields)").get()?.expectsContinue == true)
        #expect(try RequestParsing.whole("PUT / HTTP/1.0\r\n\(fields)").get()?.expectsContinue == false)
    }

    @Test(arguments: [
        ("", BodyFraming.none), ("Content-Length: 0\r\n", BodyFraming.none), ("Content-Length: 010\r\n", .length(10)),
        ("Content-Length: 9223372036854775807\r\n", .length(9_223_372_036_854_775_807)),
        ("Transfer-Encoding: chunked\r\n", .chunked), ("Transfer-encoding:chunKED \r\n", .chunked),
    ])
    func `the framing is that of the fields`(field: String, framing: BodyFraming) throws {
        #expect(try RequestParsing.whole("POST / HTTP/1.1\r\nHost: a\r\n\(field)\r\n").get()?.framing == framing)
    }

    @Test(
        arguments: [
            ("a", "a", nil), ("a.Example.", "a.example", nil), ("a:", "a", nil), ("a:0080", nil, nil), ("A.:1", "a", 1),
            ("[::1]:443", "[::1]", 443), ("[::FFFF:1.2.3.4]", "[::ffff:1.2.3.4]", nil),
            ("under_score", "under_score", nil),
            ("127.0.0.1:65535", "127.0.0.1", 65535),
        ] as [(String, String?, UInt16?)]
    )
    func `the host is lower case without port and last dot`(value: String, host: String?, port: UInt16?) throws {
        guard let host else { return }
        let request = try RequestParsing.whole("GET / HTTP/1.1\r\nHost: \(value)\r\n\r\n").get()
        #expect(request?.authority == value)
        #expect(request?.host == host)
        #expect(request?.port == port)
    }

    @Test(
        arguments: [
            ("GET", "http://a", "/", nil), ("GET", "HTTPS://a/", "/", nil), ("GET", "http://a?q=/", "/", "q=/"),
            ("GET", "http://a:80/x/../y?", "/y", ""), ("OPTIONS", "http://a", "*", nil), ("OPTIONS", "*", "*", nil),
            ("OPTIONS", "http://a/", "/", nil), ("GET", "/?a?b\\|\"%zz", "/", "a?b\\|\"%zz"),
        ] as [(String, String, String, String?)]
    )
    func `a target of any form has a path and a query`(
        method: String,
        target: String,
        path: String,
        query: String?
    ) throws {
        let request = try RequestParsing.whole("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\r\n").get()
        #expect(request?.target == target)
        #expect(request?.path == path)
        #expect(request?.query == query)
    }

    @Test func `each limit is the largest size that passes`() throws {
        let text = "GET /2345 HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n"
        let exact = HTTPLimits(targetSize: 5, headerSize: 15, headerCount: 2)
        #expect(try RequestParsing.whole(text, limits: exact).get() != nil)
        #expect(RequestParsing.differences(text, limits: exact).isEmpty)
    }

    @Test func `a head as large as the limits allow has the size that they give`() throws {
        let limits = HTTPLimits(targetSize: 5, headerSize: 15, headerCount: 2)
        let method = String(repeating: "M", count: HTTPLimits.methodSize)
        let text = "\r\n\(method) /2345 HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n"
        #expect(try RequestParsing.whole(text, limits: limits).get()?.consumed == limits.headSize)
    }

    @Test func `many and long fields pass through growing memory`() throws {
        let value = String(repeating: "v", count: 4000)
        let lines = (0..<60).map { "X-Field-\($0): \(value)\($0)\r\n" }.joined()
        let limits = HTTPLimits(headerSize: 1 << 20)
        let text = "GET /%61\(String(repeating: "/x", count: 3000)) HTTP/1.1\r\nHost: A\r\n\(lines)\r\n"
        let request = try #require(try RequestParsing.whole(text, limits: limits).get())
        #expect(request.fields.count == 61)
        #expect(request.fields.last == "X-Field-59=\(value)59")
        #expect(request.path.hasPrefix("/a/x/x"))
        #expect(request.host == "a")
    }
}
