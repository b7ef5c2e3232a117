import Bytes
import HTTP
import Testing

@testable import HTTPServer

/// What is malformed is refused as a whole; `HTTP2ConnectionTests` shows with what.
@Suite struct HTTP2RequestReaderTests {
    private static let get = [(":method", "GET"), (":scheme", "https"), (":authority", "a.example"), (":path", "/b?c")]

    private func read(
        _ fields: [(String, String)],
        endsStream: Bool = true,
        limits: HTTPLimits = HTTPLimits()
    ) throws -> RequestHead {
        var reader = HTTP2RequestReader(limits: limits)
        let head = RequestHead()
        reader.begin()
        for (name, value) in fields {
            Array(name.utf8).withUnsafeBytes { name in
                Array(value.utf8).withUnsafeBytes { reader.field(name, $0, into: head) }
            }
        }
        try reader.finish(head, endsStream: endsStream)
        return head
    }

    @Test func `a request is put together`() throws {
        let head = try read(Self.get + [("accept", "*/*"), ("x-y", "")])
        #expect(head.method == .get && head.path.text == "/b" && head.query?.text == "c")
        #expect(head.host.text == "a.example" && head.majorVersion == 2 && head.framing == .none)
        #expect((0..<head.fieldCount).map { head.name($0).text } == ["accept", "x-y"])
    }

    @Test func `pseudo-fields may come in any order`() throws {
        let head = try read(Self.get.reversed())
        #expect(head.path.text == "/b")
    }

    @Test func `cookies that come in crumbs are one field`() throws {
        let head = try read(Self.get + [("cookie", "a=1"), ("accept", "*/*"), ("cookie", "b=2"), ("cookie", "c=3")])
        #expect(head.count(of: .cookie) == 1)
        #expect(head.value(of: .cookie)?.text == "a=1; b=2; c=3")
    }

    @Test func `CONNECT with a protocol has all pseudo-fields, without it the authority alone`() throws {
        let extended = [(":method", "CONNECT"), (":protocol", "websocket")] + Self.get.dropFirst()
        let tunnel = try read(extended, endsStream: false)
        #expect(tunnel.connectProtocol?.text == "websocket")
        let plain = try read([(":method", "CONNECT"), (":authority", "a:1")], endsStream: false)
        #expect(plain.method == .connect && plain.connectProtocol == nil)
    }

    @Test(arguments: [
        [], [(":method", "GET")], Array(get.dropFirst()), Array(get.dropLast()), get + [(":path", "/")],
        get + [(":method", "GET")], get + [("a", "b"), (":authority", "a")], get + [(":status", "200")],
        get + [(":", "x")], get + [(":Path", "/")], [(":method", "GET"), (":scheme", "https"), (":path", "")],
        [(":method", "GET"), (":scheme", "file"), (":authority", "a"), (":path", "/")],
        [(":method", "GET"), (":scheme", "HTTPS"), (":authority", "a"), (":path", "/")],
        get + [(":protocol", "websocket")], [(":method", "CONNECT"), (":path", "/"), (":authority", "a:1")],
        [(":method", "CONNECT"), (":scheme", "https"), (":authority", "a:1")], [(":method", "CONNECT")],
        [(":method", "CONNECT"), (":protocol", "websocket"), (":authority", "a:1")],
    ])
    func `pseudo-fields that are not as they must be are refused`(fields: [(String, String)]) {
        #expect(throws: HTTPParseError.invalidPseudoField) { try read(fields) }
    }

    @Test(arguments: [
        ("X-Upper", "a", HTTPParseError.upperCaseFieldName), ("cookiE", "a", .upperCaseFieldName),
        ("a", " b", .spaceAroundValue), ("a", "b\t", .spaceAroundValue), ("cookie", " a=1", .spaceAroundValue),
        ("a", "b\r\nc: d", .controlCharacter), ("a", "b\nc", .controlCharacter), ("a", "b\0c", .controlCharacter),
        ("cookie", "a\rb", .controlCharacter), ("", "a", .invalidFieldName), ("a b", "c", .invalidFieldName),
        ("a:", "c", .invalidFieldName), ("a\r\nb", "c", .invalidFieldName),
        ("connection", "close", .connectionSpecificField),
        ("transfer-encoding", "chunked", .connectionSpecificField), ("te", "gzip", .connectionSpecificField),
        ("host", "b.example", .differingAuthority), ("content-length", "1", .contentLengthMismatch),
        ("content-length", "-1", .invalidContentLength),
    ])
    func `a field that is not as it must be is refused`(name: String, value: String, error: HTTPParseError) {
        #expect(throws: error) { try read(Self.get + [(name, value)]) }
    }

    @Test func `the first fault is the one that is told, and what came before it is kept`() throws {
        var reader = HTTP2RequestReader(limits: HTTPLimits())
        let head = RequestHead()
        reader.begin()
        for (name, value) in Self.get + [("accept", "*/*"), ("Bad", "1"), ("connection", "x")] {
            Array(name.utf8).withUnsafeBytes { name in
                Array(value.utf8).withUnsafeBytes { reader.field(name, $0, into: head) }
            }
        }
        #expect(throws: HTTPParseError.upperCaseFieldName) { try reader.finish(head, endsStream: true) }
        #expect(head.path.text == "/b" && head.fieldCount == 1)
    }

    @Test func `the content type is kept even after a fault, once, and if it is one`() {
        var reader = HTTP2RequestReader(limits: HTTPLimits(headerCount: 1))
        let kinds = ["a\u{1}b", String(repeating: "a", count: 129), "application/grpc", "text/html"]
        for first in [":bad", "accept"] {
            let head = RequestHead()
            reader.begin()
            for (name, value) in [(first, "a"), ("b", "c"), ("Content-Type", "d")] + kinds.map({ ("content-type", $0) })
            {
                Array(name.utf8).withUnsafeBytes { name in
                    Array(value.utf8).withUnsafeBytes { reader.field(name, $0, into: head) }
                }
            }
            #expect(throws: HTTPParseError.self) { try reader.finish(head, endsStream: true) }
            #expect(head.value(of: .contentType)?.text == "application/grpc")
            #expect(head.isGRPC)
        }
    }

    @Test func `what is too large or too many is refused by its kind`() {
        let limits = HTTPLimits(targetSize: 20, headerSize: 100, headerCount: 3)
        func refused(_ fields: [(String, String)]) -> HTTPParseError? {
            do { _ = try read(Self.get + fields, limits: limits) } catch { return error as? HTTPParseError }
            return nil
        }
        let long = String(repeating: "a", count: 97)
        #expect(refused([]) == nil)
        #expect(refused([("a", long)]) == .fieldsTooLarge)
        #expect(refused([("cookie", long)]) == .fieldsTooLarge)
        #expect(refused(Array(repeating: ("cookie", "a=1234567890"), count: 10)) == .fieldsTooLarge)
        #expect(refused(Array(repeating: ("cookie", "a=1"), count: 6)) == nil)
        #expect(refused(Array(repeating: ("cookie", ""), count: 11)) == .fieldsTooLarge)
        #expect(refused(Array(repeating: ("a", "1"), count: 4)) == .tooManyFields)
        let path = [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/" + long)]
        #expect(throws: HTTPParseError.targetTooLong) { try read(path, limits: limits) }
    }

    @Test func `fields go on to be measured after a fault`() {
        var reader = HTTP2RequestReader(limits: HTTPLimits(targetSize: 20, headerSize: 20))
        let head = RequestHead()
        reader.begin()
        let value = [UInt8](repeating: 0x61, count: 50)
        for count in 0..<2 {
            let isEarly = reader.isBomb
            #expect(!isEarly, "after \(count)")
            Array("a".utf8).withUnsafeBytes { name in value.withUnsafeBytes { reader.field(name, $0, into: head) } }
        }
        let isBomb = reader.isBomb
        reader.begin()
        let isBombAgain = reader.isBomb
        #expect(isBomb && !isBombAgain)
    }

    @Test(arguments: [
        (":path", "/", HTTPParseError.invalidPseudoField), ("X", "a", .upperCaseFieldName),
        ("a", "b\n", .controlCharacter),
        ("connection", "close", .connectionSpecificField), ("transfer-encoding", "x", .connectionSpecificField),
    ])
    func `trailers have their rules as well`(name: String, value: String, error: HTTPParseError) {
        var reader = HTTP2RequestReader(limits: HTTPLimits())
        let trailers = FieldList()
        reader.begin()
        Array(name.utf8).withUnsafeBytes { name in
            Array(value.utf8).withUnsafeBytes { reader.trailer(name, $0, into: trailers) }
        }
        #expect(throws: error) { try reader.finish(trailers, endsStream: true) }
    }

    @Test func `trailers are the last thing of a request`() throws {
        var reader = HTTP2RequestReader(limits: HTTPLimits())
        reader.begin()
        #expect(throws: HTTPParseError.invalidTrailers) { try reader.finish(FieldList(), endsStream: false) }
        try reader.finish(FieldList(), endsStream: true)
    }
}
