import Bytes
import Foundation
import Testing

@testable import Observability

@Suite
struct AccessLogTests {
    private let path = NSTemporaryDirectory() + "gatehouse-access-\(UUID().uuidString)"

    /// The line that a request with these bytes for path and user makes.
    private func line(
        _ format: AccessLog.Format,
        path: [UInt8] = Array("/notes/7".utf8),
        user: [UInt8] = [],
        change: (inout AccessRecord) -> Void = { _ in }
    ) throws -> String {
        let writer = try LogWriter(.file(self.path), channels: 1)
        let log = AccessLog(format: format, channel: writer.channel(0))
        let texts = ["id-1", "192.0.2.7", "GET", "api.example.com", "notes", "legacy", "app"].map { Array($0.utf8) }
        texts.withRawBuffers { bytes in
            path.withUnsafeBytes { path in
                user.withUnsafeBytes { user in
                    var record = AccessRecord()
                    record.unixMilliseconds = 1_767_225_599_007
                    record.requestID = bytes[0]
                    record.clientAddress = bytes[1]
                    record.method = bytes[2]
                    record.host = bytes[3]
                    record.path = path
                    record.version = "HTTP/1.1"
                    record.route = bytes[4]
                    record.upstream = bytes[5]
                    record.clientID = bytes[6]
                    record.user = user
                    record.status = 200
                    record.decision = .forwarded
                    record.bytesReceived = 3
                    record.bytesSent = 1024
                    record.totalNanoseconds = 12_345_678
                    record.upstreamNanoseconds = 11_000_999
                    change(&record)
                    log.write(record)
                }
            }
        }
        #expect(writer.close())
        defer { unlink(self.path) }
        return String(decoding: FileManager.default.contents(atPath: self.path) ?? Data(), as: UTF8.self)
    }

    private func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test
    func `a record is one JSON object a line`() throws {
        #expect(
            try line(.json, user: Array("alice".utf8)) == """
                {"time":"2025-12-31T23:59:59.007Z","request_id":"id-1","client":"192.0.2.7","method":"GET",\
                "host":"api.example.com","path":"/notes/7","version":"HTTP/1.1","route":"notes","upstream":"legacy",\
                "status":200,"decision":"forwarded","user":"alice","client_id":"app","bytes_received":3,\
                "bytes_sent":1024,"duration_ms":12.345,"upstream_ms":11.000}

                """
        )
    }

    @Test
    func `a refusal says why, and what is not known is left out`() throws {
        let reason = StaticBytes("token_expired")
        let line = try line(.json) {
            $0.status = 401
            $0.decision = .refused
            $0.reason = reason.bytes
            $0.upstreamNanoseconds = nil
        }
        let object = try object(line)
        #expect(object["reason"] as? String == "token_expired")
        #expect(object["decision"] as? String == "refused")
        #expect(object["user"] == nil)
        #expect(object["upstream_ms"] == nil)
    }

    @Test
    func `a call of gRPC has a status of its own, and no other request has`() throws {
        for status in [0, 16] {
            let object = try object(try line(.json) { $0.grpcStatus = status })
            #expect(object["status"] as? Int == 200)
            #expect(object["grpc_status"] as? Int == status)
            #expect(try line(.text) { $0.grpcStatus = status }.contains(" forwarded grpc_status=\(status) "))
        }
        #expect(try object(try line(.json))["grpc_status"] == nil)
        #expect(try !line(.text).contains("grpc"))
    }

    @Test
    func `a query string is never written`() throws {
        for format in [AccessLog.Format.json, .text] {
            let line = try line(format, path: Array("/cb?code=secret&x=1".utf8))
            #expect(line.contains("/cb"))
            #expect(!line.contains("secret"))
            #expect(!line.contains("?"))
        }
    }

    @Test(
        arguments: [
            ([0x22, 0x5C, 0x0A, 0x0D, 0x09], "\"\\\n\r\t"),
            ([0x00, 0x1B, 0x7F], "\u{0}\u{1B}\u{7F}"),
            ([0x61, 0xFF, 0x62], "a\u{FFFD}b"),
            // A surrogate, an overlong slash, a sequence cut short, one above U+10FFFF: each byte is wrong by itself.
            ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xC0, 0xAF], "\u{FFFD}\u{FFFD}"),
            ([0xE2, 0x82], "\u{FFFD}\u{FFFD}"),
            ([0xF4, 0x90, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80], "é😀"),
            // A right-to-left override and a line separator.
            ([0xE2, 0x80, 0xAE, 0xE2, 0x80, 0xA8], "\u{202E}\u{2028}"),
        ] as [([UInt8], String)]
    )
    func `hostile bytes make valid JSON on one line`(bytes: [UInt8], meaning: String) throws {
        let line = try line(.json, user: bytes)
        #expect(line.utf8.filter { $0 == 0x0A }.count == 1)
        #expect(!line.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x7F })
        #expect(!line.contains("\u{202E}"))
        #expect(try object(line)["user"] as? String == meaning)
    }

    @Test
    func `every pair of bytes makes valid JSON and a text line of as many words`() throws {
        let words = try line(.text, user: Array("x".utf8)).split(separator: " ").count
        var output = ByteBuffer()
        for first in UInt8.min...UInt8.max {
            for second in [0x00, 0x20, 0x22, 0x5C, 0x80, 0xBF, 0xC2, 0xE2, 0xF0, 0xFF, first] as [UInt8] {
                let bytes = [first, second]
                output.removeAll()
                output.append(byte: 0x22)
                bytes.withUnsafeBytes { LogEscaping.appendJSON($0, to: &output) }
                output.append(byte: 0x22)
                let data = Data(output.bytes)
                #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed) }
                output.removeAll()
                bytes.withUnsafeBytes { LogEscaping.appendText($0, to: &output) }
                #expect(!output.bytes.contains { $0 <= 0x20 || $0 == 0x7F })
            }
        }
        #expect(try line(.text, user: Array("a b\nc".utf8)).split(separator: " ").count == words)
    }

    @Test
    func `a text line is for people`() throws {
        #expect(
            try line(.text, user: Array("al ice".utf8)) == """
                2025-12-31T23:59:59.007Z 200 GET api.example.com/notes/7 12.345ms upstream_ms=11.000 forwarded \
                route=notes upstream=legacy user=al\\u0020ice client_id=app client=192.0.2.7 bytes=3/1024 id=id-1

                """
        )
    }

    @Test
    func `an endless path is cut`() throws {
        let path = [UInt8](repeating: 0x01, count: 1 << 20)
        #expect(try line(.json, path: path).utf8.count < 32 * 1024)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (Int64.max, "9999-12-31T23:59:59.999Z"), (Int64.min, "0000-01-01T00:00:00.000Z"),
        ] as [(Int64, String)]
    )
    func `times are RFC 3339 in UTC`(milliseconds: Int64, text: String) {
        var timestamp = LogTimestamp()
        var output = ByteBuffer()
        timestamp.append(unixMilliseconds: milliseconds, to: &output)
        #expect(output.bytes.text == text)
    }
}

extension [[UInt8]] {
    fileprivate func withRawBuffers(_ body: ([UnsafeRawBufferPointer]) -> Void) {
        let copies = map { bytes in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            copy.copyBytes(from: bytes)
            return copy
        }
        body(copies.map { UnsafeRawBufferPointer($0) })
        for copy in copies { copy.deallocate() }
    }
}

/// The bytes of a literal, which live as long as the program.
private struct StaticBytes {
    let bytes: UnsafeRawBufferPointer

    init(_ text: StaticString) {
        bytes = text.withUTF8Buffer { UnsafeRawBufferPointer($0) }
    }
}
