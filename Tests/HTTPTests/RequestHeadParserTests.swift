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
            request.fields == [
                "Host=API.example.com:8443", "user-agent=curl/8", "Content-Length=12", "X_y.Z=",
            ]
        )
    }
}
