import Testing

@testable import Application

@Suite struct RequestTextTests {
    @Test(arguments: [
        ("https://a.example/x?y=1#z", [], "GET /x?y=1 HTTP/1.1|Host: a.example||"),
        ("HTTP://a.example:8080", [], "GET / HTTP/1.1|Host: a.example:8080||"),
        ("https://a.example?q", [], "GET /?q HTTP/1.1|Host: a.example||"),
        ("/notes/7", ["Accept: a"], "GET /notes/7 HTTP/1.1|Host: own.example|Accept: a||"),
        ("https://a.example/", ["host: b.example"], "GET / HTTP/1.1|host: b.example||"),
        ("*", [], "GET * HTTP/1.1|Host: own.example||"),
        ("https://a.example/ b", [], "GET / b HTTP/1.1|Host: a.example||"),
    ])
    func `a URL becomes what a client would send`(url: String, fields: [String], expected: String) throws {
        let request = try RequestText(method: "GET", url: url, fields: fields, token: nil)
        let text = String(decoding: request.bytes(defaultAuthority: "own.example"), as: UTF8.self)
        #expect(text.replacing("\r\n", with: "|") == expected)
    }

    @Test func `a token becomes a field`() throws {
        let request = try RequestText(method: "GET", url: "/", fields: [], token: "t")
        #expect(
            String(decoding: request.bytes(defaultAuthority: "o"), as: UTF8.self).contains(
                "\r\nAuthorization: Bearer t\r\n"
            )
        )
    }

    @Test(arguments: [
        ("GET", "ftp://a.example/", []), ("GET", "a.example/x", []), ("GET", "", []), ("GE\r\nT", "/", []),
        ("GET", "/\r\nX: y", []), ("GET", "/", ["X: y\r\nZ: z"]), ("GET", "/", ["nothing"]), ("GET", "/", [": x"]),
    ])
    func `what could not be one request is refused`(method: String, url: String, fields: [String]) {
        #expect(throws: ApplicationError.self) {
            try RequestText(method: method, url: url, fields: fields, token: nil)
        }
    }

    @Test(
        arguments: [
            ("https://a.example/", 443), ("http://a.example/", 80), ("http://a.example:81/", 81),
            ("https://[::1]/", 443),
            ("https://[::1]:8443/", 8443), ("/x", nil),
        ] as [(String, UInt16?)]
    )
    func `the port is found`(url: String, port: UInt16?) throws {
        #expect(try RequestText(method: "GET", url: url, fields: [], token: nil).port == port)
    }
}
