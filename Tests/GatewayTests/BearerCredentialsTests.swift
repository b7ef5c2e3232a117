import Testing

@testable import Gateway

@Suite struct BearerCredentialsTests {
    @Test(arguments: [
        ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER abc", "abc"), ("Bearer   abc", "abc"),
        ("Bearer a.b-c_d~+/==", "a.b-c_d~+/=="), ("Bearer a=b", "a=b"), ("Bearer é", "é"),
        ("Bearer \"abc\"", "\"abc\""),
    ])
    func `one token is taken as it is`(value: String, token: String) {
        withBytes(value) { bytes in
            guard case .token(let found) = BearerCredentials(value: bytes) else {
                Issue.record("no token in \(value)")
                return
            }
            #expect(found.text == token)
        }
    }

    @Test(arguments: [
        ("Bearer", BearerCredentialsError.noToken), ("bearer", .noToken), ("Bearer a b", .severalTokens),
        ("Bearer a,b", .severalTokens), ("Bearer a, Bearer b", .severalTokens), ("Bearer a\tb", .severalTokens),
        ("Bearer,", .malformedScheme), ("Bearer\ta", .malformedScheme), ("Bearer,a", .malformedScheme),
        ("Bearer=a", .malformedScheme), ("Bearer:a", .malformedScheme), ("Bearer \ta", .severalTokens),
        ("Bearer ,", .severalTokens),
    ])
    func `anything but one token behind a space is malformed`(value: String, error: BearerCredentialsError) {
        withBytes(value) { bytes in
            guard case .malformed(let found) = BearerCredentials(value: bytes) else {
                Issue.record("\(value) is not malformed")
                return
            }
            #expect(found == error)
        }
    }

    @Test(arguments: [
        "", "Basic YTpi", "Bearerabc abc", "BearerX", "Bear abc", "Digest a=b", "Bearer-Token x", "DPoP x",
    ])
    func `another scheme is no credentials`(value: String) {
        withBytes(value) { bytes in
            guard case .none = BearerCredentials(value: bytes) else {
                Issue.record("\(value) was taken for a token")
                return
            }
        }
    }

    @Test(arguments: [" ", "\t", ","])
    func `a separator is found wherever it stands`(separator: String) {
        for length in 2...40 {
            for place in 1..<length {
                let token =
                    String(repeating: "a", count: place) + separator + String(repeating: "a", count: length - place)
                withBytes("Bearer \(token)") { bytes in
                    guard case .malformed(.severalTokens) = BearerCredentials(value: bytes) else {
                        Issue.record("not found at \(place) of \(length)")
                        return
                    }
                }
            }
        }
    }

    @Test func `two fields are malformed whatever they hold`() throws {
        for second in ["Bearer b", "Basic YTpi", ""] {
            let head = try requestHead("GET / HTTP/1.1", "Authorization: Bearer a", "authorization: \(second)")
            guard case .malformed(.repeatedField) = BearerCredentials(head) else {
                Issue.record("two fields were taken")
                return
            }
        }
    }

    @Test(arguments: ["bearer.a.b", "chat, bearer.a.b", "chat\r\nSec-WebSocket-Protocol: Bearer.a.b ,x"])
    func `a WebSocket's handshake may offer a token as a subprotocol`(offered: String) throws {
        for head in [
            try requestHead(
                "GET / HTTP/1.1",
                "Connection: keep-alive, Upgrade",
                "Upgrade: WebSocket",
                "Sec-WebSocket-Protocol: \(offered)"
            ), try extendedConnect([("sec-websocket-protocol", "x"), ("sec-websocket-protocol", "bearer.a.b")]),
        ] {
            guard case .token(let token) = BearerCredentials(head) else {
                Issue.record("no token in \(offered)")
                return
            }
            #expect(token.text == "a.b")
        }
    }

    @Test(arguments: [
        (["Sec-WebSocket-Protocol: bearer.a, bearer.b"], BearerCredentialsError.severalTokens),
        (["Sec-WebSocket-Protocol: bearer.a", "Sec-WebSocket-Protocol: bearer.a"], .severalTokens),
        (["Sec-WebSocket-Protocol: bearer."], .noToken), (["Sec-WebSocket-Protocol: bearer.a b"], .severalTokens),
        (["Sec-WebSocket-Protocol: bearer.a", "Authorization: Bearer a"], .severalPlaces),
        (["Sec-WebSocket-Protocol: bearer.a", "Authorization: Bearer"], .noToken),
    ])
    func `more than one token in a handshake is malformed`(fields: [String], error: BearerCredentialsError) throws {
        let lines = ["GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket"] + fields
        guard case .malformed(let found) = BearerCredentials(try requestHead(lines.joined(separator: "\r\n"))) else {
            Issue.record("\(fields) were taken")
            return
        }
        #expect(found == error)
    }

    @Test(arguments: [
        "GET /?access_token=abc HTTP/1.1", "GET / HTTP/1.1\r\nCookie: access_token=abc",
        "GET / HTTP/1.1\r\nX-Access-Token: abc", "GET / HTTP/1.1\r\nProxy-Authorization: Bearer abc",
        "GET / HTTP/1.1\r\nAuthorization_: Bearer abc", "GET / HTTP/1.1\r\nSec-WebSocket-Protocol: bearer.abc",
        "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: tcp\r\nSec-WebSocket-Protocol: bearer.abc",
        "GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: bearer.abc",
        "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: abc, bearerabc",
    ])
    func `a token is taken from nowhere else`(lines: String) throws {
        guard case .none = BearerCredentials(try requestHead(lines)) else {
            Issue.record("a token was taken from \(lines)")
            return
        }
    }
}
