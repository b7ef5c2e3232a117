import Bytes
import HTTP
import Testing

@Suite struct MessageEncoderTests {
    @Test(arguments: [
        (200, "HTTP/1.1 200 OK\r\n"), (404, "HTTP/1.1 404 Not Found\r\n"), (100, "HTTP/1.1 100 Continue\r\n"),
        (308, "HTTP/1.1 308 Permanent Redirect\r\n"), (502, "HTTP/1.1 502 Bad Gateway\r\n"), (799, "HTTP/1.1 799 \r\n"),
    ])
    func `a status line has the usual reason phrase`(status: Int, line: String) {
        var output = ByteBuffer()
        MessageEncoder.appendStatusLine(status, to: &output)
        let found = output.bytes.text
        #expect(found == line)
    }

    @Test(
        arguments: [
            (nil, "PUT /a HTTP/1.1\r\n"), ("", "PUT /a? HTTP/1.1\r\n"), ("b?c", "PUT /a?b?c HTTP/1.1\r\n"),
        ] as [(String?, String)]
    )
    func `a request line has the query as it was sent`(query: String?, line: String) {
        var output = ByteBuffer()
        let query = query.map { Array($0.utf8) }
        Array("PUT".utf8).withUnsafeBytes { method in
            Array("/a".utf8).withUnsafeBytes { path in
                if let query {
                    query.withUnsafeBytes {
                        MessageEncoder.appendRequestLine(method: method, path: path, query: $0, to: &output)
                    }
                } else {
                    MessageEncoder.appendRequestLine(method: method, path: path, query: nil, to: &output)
                }
            }
        }
        let found = output.bytes.text
        #expect(found == line)
    }

    @Test func `outgoing fields are lines that can be told apart again`() throws {
        var block = FieldBlock()
        block.append(name: "Server", value: "gatehouse")
        block.append(name: "Content-Length", decimal: 1234)
        block.append(name: "X-Empty", value: "")
        block.append(name: "X-Text", value: "a:b")
        block.append(name: "X-Bytes", value: Array("caf\u{e9}".utf8))
        block.begin(name: "Via")
        block.appendValue("1.1 ")
        block.appendValue(string: "gate")
        block.appendValue(decimal: 7)
        block.end()
        let list = FieldList()
        try Array("ETag".utf8).withUnsafeBytes { name in
            try Array("\"x\"".utf8).withUnsafeBytes { try list.append(name: name, value: $0) }
        }
        block.append(list, at: 0)
        let lines = block.bytes.text
        #expect(
            lines
                == "Server: gatehouse\r\nContent-Length: 1234\r\nX-Empty: \r\nX-Text: a:b\r\nX-Bytes: caf\u{e9}\r\n"
                + "Via: 1.1 gate7\r\nETag: \"x\"\r\n"
        )
        var fields: [String] = []
        block.forEachField { name, value in fields.append("\(name.text)=\(value.text)") }
        #expect(
            fields == [
                "Server=gatehouse", "Content-Length=1234", "X-Empty=", "X-Text=a:b", "X-Bytes=caf\u{e9}",
                "Via=1.1 gate7",
                "ETag=\"x\"",
            ]
        )
        block.removeAll()
        let isEmpty = block.isEmpty
        #expect(isEmpty)
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"), (1_704_067_199, "Sun, 31 Dec 2023 23:59:59 GMT"),
        (1_735_603_200, "Tue, 31 Dec 2024 00:00:00 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"), (Int64.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
    ])
    func `a date is that of RFC 9110`(time: Int64, date: String) {
        var output = ByteBuffer()
        HTTPDate.append(unixTime: time, to: &output)
        let found = output.bytes.text
        #expect(found == date)
    }
}
