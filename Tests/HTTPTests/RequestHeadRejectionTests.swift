import Bytes
import HTTP
import Testing

/// Requests that two servers could read in two ways, and what each is refused for.
@Suite struct RequestHeadRejectionTests {
    @Test(
        arguments: [
            ("GET  / HTTP/1.1", .malformedTarget), ("GET /  HTTP/1.1", .malformedTarget),
            ("GET / HTTP/1.1 ", .malformedRequestLine),
            (" GET / HTTP/1.1", .malformedRequestLine), ("GET /", .malformedRequestLine),
            ("GET", .malformedRequestLine),
            ("GET HTTP/1.1", .malformedRequestLine), ("GET\t/ HTTP/1.1", .malformedRequestLine),
            ("G(T / HTTP/1.1", .malformedRequestLine), ("GET / http/1.1", .malformedRequestLine),
            ("GET / HTTP/1.10", .malformedRequestLine), ("GET / HTTP/11.1", .malformedRequestLine),
            ("GET / HTTP/1,1", .malformedRequestLine), ("GET / HTTP/a.1", .malformedRequestLine),
            ("GET / HTTP/1.2", .unsupportedVersion), ("GET / HTTP/0.9", .unsupportedVersion),
            ("PRI * HTTP/2.0", .unsupportedVersion), ("GET /a b HTTP/1.1", .malformedTarget),
            ("GET a HTTP/1.1", .malformedTarget), ("GET ?a HTTP/1.1", .malformedTarget),
            ("GET * HTTP/1.1", .malformedTarget),
            ("OPTIONS ** HTTP/1.1", .malformedTarget), ("GET ftp://a/ HTTP/1.1", .malformedTarget),
            ("GET http:///x HTTP/1.1", .malformedTarget), ("GET http:// HTTP/1.1", .malformedTarget),
            ("GET http://u@a/ HTTP/1.1", .malformedTarget), ("GET http://a#/ HTTP/1.1", .malformedTarget),
            ("GET /a#b HTTP/1.1", .malformedTarget), ("GET /a?b#c HTTP/1.1", .malformedTarget),
            ("GET /caf\u{e9} HTTP/1.1", .malformedTarget), ("GET /?\u{e9} HTTP/1.1", .malformedTarget),
            ("CONNECT a HTTP/1.1", .malformedTarget),
            ("CONNECT a: HTTP/1.1", .malformedTarget), ("CONNECT http://a/ HTTP/1.1", .malformedTarget),
            ("GET a:80 HTTP/1.1", .malformedTarget), ("", .malformedRequestLine),
            ("GET /%2f HTTP/1.1", .forbiddenPathCharacter), ("GET /%5C HTTP/1.1", .forbiddenPathCharacter),
            ("GET /%00 HTTP/1.1", .forbiddenPathCharacter), ("GET /a\\b HTTP/1.1", .forbiddenPathCharacter),
            ("GET /..;/a HTTP/1.1", .forbiddenPathCharacter), ("GET /%zz HTTP/1.1", .malformedEscape),
            ("GET /% HTTP/1.1", .malformedEscape), ("GET /%4 HTTP/1.1", .malformedEscape),
            ("GET /.. HTTP/1.1", .pathAboveRoot), ("GET /a/%2e%2E/../b HTTP/1.1", .pathAboveRoot),
            ("GET http://a/../ HTTP/1.1", .pathAboveRoot),
        ] as [(String, HTTPParseError)]
    )
    func `a malformed request line is refused`(line: String, error: HTTPParseError) {
        expect("\(line)\r\nHost: a\r\n\r\n", fails: error)
    }

    @Test(
        arguments: [
            ("Host : a", .spaceBeforeColon), ("Host\t: a", .spaceBeforeColon), ("Host", .invalidFieldName),
            (": a", .invalidFieldName), ("X Y: a", .spaceBeforeColon), ("X(: a", .invalidFieldName),
            ("X\u{e9}: a", .invalidFieldName), (" X: a", .foldedLine), ("\tX: a", .foldedLine), (" ", .foldedLine),
            ("X: a\r\n b", .foldedLine), ("X: a\r\n\tb", .foldedLine), ("X: a\nY: b", .bareLineFeed),
            ("X: a\rY: b", .bareCarriageReturn), ("X: a\r\r", .bareCarriageReturn), ("X: \u{0}", .controlCharacter),
            ("X: a\u{7f}", .controlCharacter), ("X: \u{1b}", .controlCharacter), ("X\u{0}: a", .controlCharacter),
            ("X: a\u{b}b", .controlCharacter), ("X: a\u{c}b", .controlCharacter),
        ] as [(String, HTTPParseError)]
    )
    func `a malformed field line is refused`(line: String, error: HTTPParseError) {
        expect("GET / HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n", fails: error)
        expect("GET / HTTP/1.1\r\n\(line)\r\nHost: a\r\n\r\n", fails: error)
    }

    @Test(
        arguments: [
            ("", .missingHost), ("Host: a\r\nHost: a\r\n", .repeatedHost),
            ("Host: a\r\nX: y\r\nhOST: b\r\n", .repeatedHost),
            ("Host:\r\n", .invalidHost), ("Host: a b\r\n", .invalidHost), ("Host: a,b\r\n", .invalidHost),
            ("Host: u@a\r\n", .invalidHost), ("Host: a/\r\n", .invalidHost), ("Host: http://a\r\n", .invalidHost),
            ("Host: a:b\r\n", .invalidHost), ("Host: a:65536\r\n", .invalidHost), ("Host: a:1:2\r\n", .invalidHost),
            ("Host: :80\r\n", .invalidHost), ("Host: .\r\n", .invalidHost), ("Host: .a\r\n", .invalidHost),
            ("Host: a..b\r\n", .invalidHost), ("Host: a..\r\n", .invalidHost), ("Host: ::1\r\n", .invalidHost),
            ("Host: [::1\r\n", .invalidHost), ("Host: [::1]x\r\n", .invalidHost), ("Host: [a]\r\n", .invalidHost),
            ("Host: [::1%25eth0]\r\n", .invalidHost), ("Host: a%2e\r\n", .invalidHost),
            ("Host: a\u{e9}\r\n", .invalidHost),
            ("Host: a?\r\n", .invalidHost), ("Host: a#\r\n", .invalidHost), ("Host: a\\b\r\n", .invalidHost),
            ("Host: a:-1\r\n", .invalidHost), ("Host: a: 80\r\n", .invalidHost),
        ] as [(String, HTTPParseError)]
    )
    func `a request without exactly one valid Host is refused`(fields: String, error: HTTPParseError) {
        expect("GET / HTTP/1.1\r\n\(fields)\r\n", fails: error)
        if error != .missingHost { expect("GET / HTTP/1.0\r\n\(fields)\r\n", fails: error) }
    }

    @Test(arguments: [
        ("http://b/", "a"), ("http://a/", "b"), ("http://a:81/", "a"), ("http://a/", "a:443"), ("https://a/", "a:80"),
        ("http://a", "a.b"),
    ])
    func `a target that names another authority than Host is refused`(target: String, host: String) {
        expect("GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n", fails: .differingAuthority)
    }

    @Test(
        arguments: [
            ("Content-Length: 1\r\nContent-Length: 2\r\n", .repeatedContentLength),
            ("Content-Length: 1\r\ncontent-length: 1\r\n", .repeatedContentLength),
            ("Content-Length: 1, 1\r\n", .invalidContentLength), ("Content-Length: 1,2\r\n", .invalidContentLength),
            ("Content-Length: +1\r\n", .invalidContentLength), ("Content-Length: -1\r\n", .invalidContentLength),
            ("Content-Length: 0x1\r\n", .invalidContentLength), ("Content-Length: 1 1\r\n", .invalidContentLength),
            ("Content-Length:\r\n", .invalidContentLength), ("Content-Length: 1.0\r\n", .invalidContentLength),
            ("Content-Length: \u{661}\r\n", .invalidContentLength), ("Content-Length: 1_0\r\n", .invalidContentLength),
            ("Content-Length: 9223372036854775808\r\n", .invalidContentLength),
            ("Content-Length: 18446744073709551617\r\n", .invalidContentLength),
            ("Content-Length: 99999999999999999999999999999\r\n", .invalidContentLength),
            ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", .lengthAndTransferEncoding),
            ("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", .lengthAndTransferEncoding),
            ("Transfer-Encoding: x\r\nContent-Length: 0\r\n", .lengthAndTransferEncoding),
            ("Transfer-Encoding: identity\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding: gzip, chunked\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding: chunked, chunked\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding: chunked;q=1\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding: \"chunked\"\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding: ,chunked\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding: chunke\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding: xchunked\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding:\r\n", .unsupportedTransferEncoding),
        ] as [(String, HTTPParseError)]
    )
    func `ambiguous framing is refused`(fields: String, error: HTTPParseError) {
        expect("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n", fails: error)
    }

    @Test func `HTTP 1_0 has no transfer codings`() {
        expect(
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            fails: .unsupportedTransferEncoding
        )
    }

    @Test(
        arguments: [
            ("\n", .bareLineFeed), ("\rG", .bareCarriageReturn),
            ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
            ("\u{16}\u{3}\u{1}", .controlCharacter), ("GET / HTTP/1.1\nHost: a\n\n", .bareLineFeed),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
            ("GET / HTTP/1.1\r\nHost: a\r\n\rX", .bareCarriageReturn),
            ("GET /\u{0} HTTP/1.1\r\n", .controlCharacter), ("GET / HTTP/1.1\r\r\n", .bareCarriageReturn),
        ] as [(String, HTTPParseError)]
    )
    func `a fault is seen before the head is complete`(text: String, error: HTTPParseError) {
        expect(text, fails: error)
    }

    @Test(
        arguments: [
            ("GET /23456 HTTP/1.1\r\nHost: a\r\n\r\n", .targetTooLong),
            ("GET /2345678901234567890123456789012345678901234567890", .targetTooLong),
            ("MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM / HTTP/1.1\r\nHost: a\r\n\r\n", .methodTooLong),
            ("MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM", .methodTooLong),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: 12\r\n\r\n", .fieldsTooLarge),
            ("GET / HTTP/1.1\r\nHost: abcdefghijklmnopq", .fieldsTooLarge),
            ("GET / HTTP/1.1\r\nA:\r\nB:\r\nC:\r\n\r\n", .tooManyFields),
        ] as [(String, HTTPParseError)]
    )
    func `what is over a limit is refused, complete or not`(text: String, error: HTTPParseError) {
        expect(text, fails: error, limits: HTTPLimits(targetSize: 5, headerSize: 15, headerCount: 2))
    }

    @Test(arguments: [
        (HTTPParseError.malformedRequestLine, 400), (.targetTooLong, 414), (.fieldsTooLarge, 431),
        (.tooManyFields, 431), (.unsupportedVersion, 505), (.methodTooLong, 501), (.missingHost, 400),
    ])
    func `each fault has its status`(error: HTTPParseError, status: Int) {
        #expect(error.status == status)
    }

    @Test(arguments: HTTPParseError.allCases)
    func `each fault is explained in one sentence`(error: HTTPParseError) {
        let detail = error.detail.description
        #expect(detail.hasSuffix(".") && detail.count > 10)
    }

    private func expect(
        _ text: String,
        fails error: HTTPParseError,
        limits: HTTPLimits = HTTPLimits(),
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(RequestParsing.whole(text, limits: limits) == .failure(error), sourceLocation: location)
        #expect(RequestParsing.differences(text, limits: limits).isEmpty, sourceLocation: location)
    }
}
