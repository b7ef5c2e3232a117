import Bytes
import HTTP
import Testing

@Suite struct ChunkedDecoderTests {
    /// What became of a chunked body.
    struct Decoded: Equatable {
        var content = ""
        var isComplete = false
        var consumed = 0
        var trailers: [String] = []
    }

    @Test(arguments: [
        ("0\r\n\r\n", "", 0), ("5\r\nhello\r\n0\r\n\r\nrest", "hello", 4),
        ("00A\r\n0123456789\r\n000\r\n\r\n", "0123456789", 0),
        ("3\r\na\r\n\r\n2\r\nbc\r\n0\r\n\r\n", "a\r\nbc", 0),
        ("1;a\r\nx\r\n0;b=c;d=\"e;\\\"\r\n", "x", -1), ("1;a=b\r\nx\r\n0 ; c = \"d \\\" ;\u{e9}\" ;e\r\n\r\n", "x", 0),
        ("1\t;\ta\t=\tb\r\nx\r\n0\r\n\r\n", "x", 0),
    ])
    func `chunks are joined and extensions dropped`(body: String, content: String, left: Int) throws {
        guard left >= 0 else { return }
        let decoded = try decode(body)
        #expect(decoded == Decoded(content: content, isComplete: true, consumed: body.utf8.count - left))
        for size in 1..<body.utf8.count { #expect(try decode(body, pieces: size) == decoded) }
    }

    @Test func `trailer fields come with the end`() throws {
        let body = "2\r\nok\r\n0\r\nX-Sum: 1\r\ngrpc-status:\t0 \r\nX-Sum: 2\r\n\r\nGET /"
        let decoded = try decode(body)
        #expect(decoded.trailers == ["X-Sum=1", "grpc-status=0", "X-Sum=2"])
        #expect(decoded.consumed == body.utf8.count - 5)
        for size in 1..<body.utf8.count { #expect(try decode(body, pieces: size) == decoded) }
    }

    @Test func `fields that may not be trailers are dropped`() throws {
        let names = [
            "Content-Length", "transfer-encoding", "Host", "Authorization", "Cookie", "Set-Cookie", "Trailer", "TE",
            "Connection", "Content-Type", "X-Forwarded-For", "Forwarded", "Via", "X-User-Name",
            "X-HTTP-Method-Override",
        ]
        let lines = names.map { "\($0): 1\r\nKept-\($0): 2\r\n" }.joined()
        #expect(try decode("0\r\n\(lines)\r\n").trailers == names.map { "Kept-\($0)=2" })
    }

    @Test(arguments: [
        "", "5", "5\r", "5\r\nhell", "5\r\nhello", "5\r\nhello\r", "5\r\nhello\r\n", "0\r\n", "0\r\n\r",
        "0\r\nX: y\r\n",
        "0\r\nX", "5;a", "5 ",
    ])
    func `a body that stops early is not complete`(body: String) throws {
        let decoded = try decode(body)
        #expect(!decoded.isComplete)
        #expect(decoded.consumed == body.utf8.count)
    }

    @Test(
        arguments: [
            ("\r\n", .invalidChunkSize), ("g\r\n", .invalidChunkSize), ("-1\r\n", .invalidChunkSize),
            ("+1\r\n", .invalidChunkSize),
            ("0x1\r\n", .invalidChunkSize), (" 1\r\n", .invalidChunkSize), ("1_0\r\n", .invalidChunkSize),
            (";a\r\n", .invalidChunkSize),
            ("8000000000000000\r\n", .invalidChunkSize), ("10000000000000001\r\n", .invalidChunkSize),
            ("00000000000000001\r\n", .invalidChunkSize), ("1\n", .bareLineFeed), ("1\rx", .bareCarriageReturn),
            ("1 \r\n", .invalidChunkExtension), ("1;\r\n", .invalidChunkExtension),
            ("1;a=\r\n", .invalidChunkExtension),
            ("1;a \r\n", .invalidChunkExtension), ("1 a\r\n", .invalidChunkExtension),
            ("1;=b\r\n", .invalidChunkExtension),
            ("1;a=b c\r\n", .invalidChunkExtension), ("1;a=\"b\"c\r\n", .invalidChunkExtension),
            ("1;a=\"\r\n", .invalidChunkExtension),
            ("1;a=\"\\\r\n", .invalidChunkExtension), ("1;a=\"b\nc\"\r\n", .bareLineFeed), ("1;a\n", .bareLineFeed),
            ("1;a\rx", .bareCarriageReturn), ("1;a=\u{0}\r\n", .invalidChunkExtension),
            ("1;\u{e9}\r\n", .invalidChunkExtension),
            ("1\r\nxy", .missingChunkEnd), ("1\r\nx\ry", .missingChunkEnd), ("1\r\nx\n", .missingChunkEnd),
            ("0\r\n\rx", .bareCarriageReturn), ("0\r\n\n", .bareLineFeed), ("0\r\n X: y\r\n\r\n", .foldedLine),
            ("0\r\nX: y\r\n z\r\n\r\n", .foldedLine), ("0\r\nX : y\r\n\r\n", .spaceBeforeColon),
            ("0\r\nX\r\n\r\n", .invalidFieldName),
            ("0\r\nX: y\nY: z\r\n\r\n", .bareLineFeed), ("0\r\nX: \u{0}\r\n\r\n", .controlCharacter),
            ("0\r\nGET / HTTP/1.1\r\n\r\n", .spaceBeforeColon),
        ] as [(String, HTTPParseError)]
    )
    func `a malformed body is refused`(body: String, error: HTTPParseError) {
        #expect(throws: error) { try decode(body) }
        for size in 1..<body.utf8.count { #expect(throws: error) { try decode(body, pieces: size) } }
    }

    @Test func `trailers are held to the limits on fields`() throws {
        let limits = HTTPLimits(headerSize: 12, headerCount: 2)
        #expect(try decode("0\r\nA: 123\r\nB:\r\n\r\n", limits: limits).isComplete)
        for (body, error) in [
            ("0\r\nA: 1234\r\nB:\r\n\r\n", HTTPParseError.fieldsTooLarge), ("0\r\nABCDEFGHIJKLMNOP", .fieldsTooLarge),
            ("0\r\nA:\r\nB:\r\nC:\r\n\r\n", .tooManyFields),
        ] {
            #expect(throws: error) { try decode(body, limits: limits) }
            for size in 1..<body.utf8.count {
                #expect(throws: error) { try decode(body, pieces: size, limits: limits) }
            }
        }
    }

    @Test func `extensions are bounded over the whole body`() {
        let chunk = "1;" + String(repeating: "x", count: 1000) + "\r\nx\r\n"
        #expect(throws: Never.self) { try decode(String(repeating: chunk, count: 16)) }
        #expect(throws: HTTPParseError.chunkExtensionsTooLarge) { try decode(String(repeating: chunk, count: 17)) }
        #expect(throws: HTTPParseError.chunkExtensionsTooLarge) {
            try decode("1" + String(repeating: " ", count: 20000))
        }
    }

    @Test func `what an encoder writes is decoded to the same`() throws {
        var output = ByteBuffer()
        for size in [1, 15, 16, 255, 4096, 70000] {
            [UInt8](repeating: 0x61, count: size).withUnsafeBytes { ChunkEncoder.append($0, to: &output) }
        }
        [UInt8]().withUnsafeBytes { ChunkEncoder.append($0, to: &output) }
        var trailers = FieldBlock()
        trailers.append(name: "X-End", value: "yes")
        ChunkEncoder.appendEnd(trailers: trailers, to: &output)
        let decoded = try decode(output.bytes.text)
        #expect(decoded.content.utf8.count == 74383)
        #expect(decoded.trailers == ["X-End=yes"])
        #expect(decoded.isComplete)
    }

    private func decode(_ body: String, pieces: Int = .max, limits: HTTPLimits = HTTPLimits()) throws -> Decoded {
        var decoder = ChunkedDecoder(limits: limits)
        var decoded = Decoded()
        var content: [UInt8] = []
        let input = Array(body.utf8)
        var offset = 0
        while offset < input.count, !decoded.isComplete {
            let end = pieces < input.count - offset ? offset + pieces : input.count
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: end - offset, alignment: 1)
            defer { copy.deallocate() }
            copy.copyBytes(from: input[offset..<end])
            let piece = UnsafeRawBufferPointer(copy)
            var used = 0
            reading: while true {
                switch try decoder.next(piece.slice(used..<piece.count), consumed: &used) {
                case .needMore: break reading
                case .data(let bytes): content += Array(bytes)
                case .end:
                    decoded.isComplete = true
                    break reading
                }
            }
            decoded.consumed += used
            offset = end
        }
        decoded.content = String(decoding: content, as: UTF8.self)
        if let trailers = decoder.trailers {
            decoded.trailers = (0..<trailers.count).map { "\(trailers.name($0).text)=\(trailers.value($0).text)" }
        }
        #expect(decoder.isComplete == decoded.isComplete)
        return decoded
    }
}
