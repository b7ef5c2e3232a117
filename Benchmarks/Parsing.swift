import Bytes
import HTTP
import JSON

extension Benchmarks {
    /// What a client sends, read.
    static func parsing() throws -> [Benchmark] {
        let bytes = Samples.requestHead(size: 800, authorization: "Bearer \(String(repeating: "t", count: 250))")
        let head = try Samples.parsedRequest(bytes)
        return [
            Benchmark("Parsing", "request head, 800 bytes, 12 fields") { count in
                var parser = RequestHeadParser(limits: HTTPLimits())
                var sum = 0
                for _ in 0..<count {
                    head.reset()
                    sum &+= try bytes.withUnsafeBytes { try parser.parse($0, into: head) ?? 0 }
                }
                return sum
            },
            chunked("chunked body, 16 chunks of 1 KiB", size: 1024, count: 16),
            chunked("chunked body, 256 chunks of 4 bytes", size: 4, count: 256),
            path("path in its normal spelling", "/v1/projects/4711/notes/17"),
            path("path with escapes and dot segments", "/v1/./projects/caf%c3%a9/../%7Euser//notes;v=1"),
            Benchmark("Parsing", "JSON of a token's claims, \(Samples.claims.utf8.count) bytes") { count in
                let text = Array(Samples.claims.utf8)
                var sum = 0
                for _ in 0..<count { sum &+= try JSONParser.parse(text, maximumDepth: 16).members?.count ?? 0 }
                return sum
            },
        ]
    }

    private static func chunked(_ name: String, size: Int, count chunks: Int) -> Benchmark {
        let chunk = String(size, radix: 16) + "\r\n" + String(repeating: "x", count: size) + "\r\n"
        let body = Array((String(repeating: chunk, count: chunks) + "0\r\n\r\n").utf8)
        return Benchmark("Parsing", name) { count in
            var sum = 0
            for _ in 0..<count { sum &+= try decode(body) }
            return sum
        }
    }

    private static func decode(_ body: [UInt8]) throws -> Int {
        var decoder = ChunkedDecoder(limits: HTTPLimits())
        var consumed = 0
        var size = 0
        return try body.withUnsafeBytes { bytes in
            while true {
                switch try decoder.next(bytes.slice(consumed..<bytes.count), consumed: &consumed) {
                case .data(let data): size &+= data.count
                case .end, .needMore: return size
                }
            }
        }
    }

    private static func path(_ name: String, _ path: String) -> Benchmark {
        let bytes = Array(path.utf8)
        return Benchmark("Parsing", name) { count in
            var sum = 0
            for _ in 0..<count { sum &+= try bytes.withUnsafeBytes { try PathNormalizer.normalize($0).bytes.count } }
            return sum
        }
    }
}
