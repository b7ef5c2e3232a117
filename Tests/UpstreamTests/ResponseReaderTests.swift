import Bytes
import HTTP
import Testing

@testable import Upstream

@Suite struct ResponseReaderTests {
    /// All that a reader makes of the pieces of a response, as text.
    private func read(_ pieces: [[UInt8]], to method: HTTPMethod = .get, isClosed: Bool = false) -> String {
        var reader = ResponseReader(limits: HTTPLimits())
        reader.begin(method)
        let head = ResponseHead()
        var kept: [UInt8] = []
        var result = ""
        for piece in pieces {
            kept += piece
            while true {
                var consumed = 0
                let event = try? kept.withUnsafeBytes {
                    try reader.next($0, consumed: &consumed, head: head).described(head)
                }
                guard let event else { return result + "fault" }
                kept.removeFirst(consumed)
                result += event
                if event.isEmpty { break }
                if event.hasSuffix("end") {
                    return result + (reader.keepsAlive ? "+" : "") + (kept.isEmpty ? "" : " rest")
                }
            }
        }
        return result + (isClosed ? (reader.isCompleteAtClose ? "closed" : "cut") : "")
    }

    private static let responses: [(String, String)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200|hello|end+"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200||end+"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", "200|hello|end"),
        ("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "200|hello|end+"),
        (
            "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\na: b\r\nc: d\r\n\r\n",
            "200|hello|a: b|c: d|end+"
        ),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "(100)204||end+"),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "200|ok|end+"),
        ("HTTP/1.1 200 OK\r\n\r\nall of it", "200|all of itclosed"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nsome", "200|somecut"),
    ]

    @Test(arguments: responses)
    func `a response reads the same whole, byte by byte and split anywhere`(text: String, expected: String) {
        let bytes = Array(text.utf8)
        #expect(read([bytes], isClosed: true) == expected)
        #expect(read(bytes.map { [$0] }, isClosed: true) == expected)
        for split in 1..<bytes.count {
            #expect(read([Array(bytes[..<split]), Array(bytes[split...])], isClosed: true) == expected)
        }
    }

    @Test func `what follows a response is left alone`() {
        #expect(read([Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP".utf8)]) == "200|ok|end+ rest")
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ])
    func `the response to HEAD ends with its head`(text: String) {
        #expect(read([Array(text.utf8)], to: .head) == "200||end+")
    }

    @Test func `a fault is thrown`() {
        #expect(read([Array("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n".utf8)]) == "fault")
    }
}

extension ResponseReader.Event {
    /// The event as text; empty when more is needed.
    fileprivate func described(_ head: ResponseHead) -> String {
        switch self {
        case .needMore: return ""
        case .informational:
            defer { head.reset() }
            return "(\(head.status))"
        case .head: return "\(head.status)|"
        case .body(let bytes): return bytes.text
        case .end(let trailers):
            let lines = trailers.map { list in
                (0..<list.count).map { "\(list.name($0).text): \(list.value($0).text)|" }.joined()
            }
            return "|" + (lines ?? "") + "end"
        }
    }
}
