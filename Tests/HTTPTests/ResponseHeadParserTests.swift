import Bytes
import HTTP
import Testing

@Suite struct ResponseHeadParserTests {
    @Test func `a response is taken apart`() throws {
        let text = "HTTP/1.1 404 Not  Found\r\nContent-Length: 5\r\nX: y\r\n\r\nhello"
        let head = try parse(text)
        #expect(head.status == 404)
        #expect(head.reason.text == "Not  Found")
        #expect(head.minorVersion == 1)
        #expect(head.keepsAlive)
        #expect(head.framing(for: .get) == .length(5))
        #expect(head.framing(for: .head) == .none)
        #expect(head.fields.count == 2)
        #expect(head.fields.value(1).text == "y")
    }

    @Test(arguments: [
        ("HTTP/1.1 200", ""), ("HTTP/1.1 200 ", ""), ("HTTP/1.1 200  x", " x"),
        ("HTTP/1.0 999 caf\u{e9}\t", "caf\u{e9}\t"),
    ])
    func `the reason phrase may be missing`(line: String, reason: String) throws {
        let head = try parse("\(line)\r\n\r\n")
        #expect(head.reason.text == reason)
    }

    @Test(arguments: [
        (200, "", BodyFraming.untilClose), (200, "Content-Length: 0\r\n", BodyFraming.none),
        (200, "Content-Length: 3\r\nContent-Length: 3\r\n", .length(3)),
        (200, "Transfer-Encoding: Chunked\r\n", .chunked),
        (204, "Content-Length: 3\r\n", .none), (304, "Transfer-Encoding: chunked\r\n", .none), (100, "", .none),
        (101, "", .none), (205, "", .untilClose),
    ])
    func `the body ends as RFC 9112 says`(status: Int, fields: String, framing: BodyFraming) throws {
        let head = try parse("HTTP/1.1 \(status) X\r\n\(fields)\r\n")
        #expect(head.framing(for: .get) == framing)
        #expect(head.framing(for: .head) == .none)
        #expect(head.isInformational == (status == 100))
    }

    @Test(arguments: [("1.1", "", true), ("1.1", "close", false), ("1.0", "", false), ("1.0", "keep-alive", true)])
    func `the connection persists as RFC 9112 says`(version: String, option: String, keepsAlive: Bool) throws {
        let field = option.isEmpty ? "" : "Connection: \(option)\r\n"
        #expect(try parse("HTTP/\(version) 200 OK\r\n\(field)\r\n").keepsAlive == keepsAlive)
    }

    @Test(
        arguments: [
            ("HTTP/1.1 20 OK", .malformedStatusLine), ("HTTP/1.1 2000", .malformedStatusLine),
            ("HTTP/1.1  200", .malformedStatusLine),
            ("HTTP/1.1 099 X", .malformedStatusLine), ("HTTP/1.1 2x0 X", .malformedStatusLine),
            ("HTTP/1.1", .malformedStatusLine),
            ("HTTP/2.0 200 OK", .unsupportedVersion), ("http/1.1 200 OK", .malformedStatusLine),
            ("ICY 200 OK", .malformedStatusLine),
            ("", .malformedStatusLine), ("HTTP/1.1 200 \u{1}", .controlCharacter), ("HTTP/1.1 200 a\nb", .bareLineFeed),
            ("HTTP/1.1 200 OK\r\n X: y", .foldedLine), ("HTTP/1.1 200 OK\r\nX : y", .spaceBeforeColon),
            ("HTTP/1.1 200 OK\r\nX: y\r\n z", .foldedLine), ("HTTP/1.1 200 OK\r\nX", .invalidFieldName),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2", .repeatedContentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1, 1", .invalidContentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", .lengthAndTransferEncoding),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip", .unsupportedTransferEncoding),
            ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked", .unsupportedTransferEncoding),
        ] as [(String, HTTPParseError)]
    )
    func `an ambiguous or malformed response is refused`(text: String, error: HTTPParseError) {
        #expect(throws: error) { try parse("\(text)\r\n\r\n") }
    }

    @Test func `limits hold for responses`() {
        let limits = HTTPLimits(targetSize: 20, headerSize: 8, headerCount: 1)
        #expect(throws: HTTPParseError.malformedStatusLine) {
            try parse("HTTP/1.1 200 123456789\r\n\r\n", limits: limits)
        }
        #expect(throws: HTTPParseError.fieldsTooLarge) { try parse("HTTP/1.1 200\r\nABC: 123\r\n\r\n", limits: limits) }
        #expect(throws: HTTPParseError.tooManyFields) { try parse("HTTP/1.1 200\r\nA:\r\nB:\r\n\r\n", limits: limits) }
    }

    @Test func `pieces of any size are read as the whole`() throws {
        let text = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\n"
        let input = Array(text.utf8)
        for split in 1..<input.count {
            var parser = ResponseHeadParser(limits: HTTPLimits())
            let head = ResponseHead()
            var consumed = try input[0..<split].withUnsafeBytes { try parser.parse($0, into: head) }
            if consumed == nil { consumed = try input.withUnsafeBytes { try parser.parse($0, into: head) } }
            #expect(consumed == 59)
            #expect(
                head.status == 103 && head.fields.count == 2
                    && head.fields.value(of: .link)?.text == "</a>; rel=preload"
            )
        }
    }

    private func parse(_ text: String, limits: HTTPLimits = HTTPLimits()) throws -> ResponseHead {
        let head = ResponseHead()
        _ = try parseInto(head, "HTTP/1.1 200 Old\r\nConnection: close\r\nContent-Length: 9\r\n\r\n", HTTPLimits())
        head.reset()
        let whole = Result { try parseInto(head, text, limits) }
        let input = Array(text.utf8)
        let bytewise = ResponseHead()
        var parser = ResponseHeadParser(limits: limits)
        let pieces = Result {
            for end in 1...max(input.count, 1) {
                if let consumed = try input[0..<end].withUnsafeBytes({ try parser.parse($0, into: bytewise) }) {
                    return consumed
                }
            }
            return -1
        }
        #expect((try? whole.get()) == (try? pieces.get()))
        _ = try whole.get()
        return head
    }

    private func parseInto(_ head: ResponseHead, _ text: String, _ limits: HTTPLimits) throws -> Int {
        var parser = ResponseHeadParser(limits: limits)
        return try Array(text.utf8).withUnsafeBytes { try parser.parse($0, into: head) } ?? -1
    }
}
