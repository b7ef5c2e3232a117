import Bytes
import HTTP

/// What became of a request that was parsed, as values that tests compare.
struct ParsedRequest: Equatable {
    var consumed: Int
    var method: String
    var target: String
    var path: String
    var query: String?
    var authority: String
    var host: String
    var port: UInt16?
    var minorVersion: UInt8
    var framing: BodyFraming
    var keepsAlive: Bool
    var expectsContinue: Bool
    var isUpgrade: Bool
    var hasPathParameters: Bool
    var fields: [String]

    init(_ head: RequestHead, consumed: Int) {
        self.consumed = consumed
        method = head.methodBytes.text
        target = head.target.text
        path = head.path.text
        query = head.query?.text
        authority = head.authority.text
        host = head.host.text
        port = head.port
        minorVersion = head.minorVersion
        framing = head.framing
        keepsAlive = head.keepsAlive
        expectsContinue = head.expectsContinue
        isUpgrade = head.isUpgrade
        hasPathParameters = head.hasPathParameters
        fields = (0..<head.fieldCount).map { "\(head.name($0).text)=\(head.value($0).text)" }
    }
}

extension RequestHeadParser {
    /// Parses a copy of the input that ends exactly where its memory ends, so that a sanitizer sees each read behind it.
    mutating func parse(copyOf input: ArraySlice<UInt8>, into head: RequestHead) throws(HTTPParseError) -> Int? {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: input)
        return try parse(UnsafeRawBufferPointer(copy), into: head)
    }
}

enum RequestParsing {
    typealias Outcome = Result<ParsedRequest?, HTTPParseError>

    /// The outcome when the input comes in pieces that end at these offsets, with a head that was used before.
    static func parse(_ input: [UInt8], endingAt ends: [Int], limits: HTTPLimits = HTTPLimits()) -> Outcome {
        var parser = RequestHeadParser(limits: limits)
        let head = usedHead()
        do throws(HTTPParseError) {
            for end in ends {
                if let consumed = try parser.parse(copyOf: input[0..<end], into: head) {
                    return .success(ParsedRequest(head, consumed: consumed))
                }
            }
            return .success(nil)
        } catch {
            return .failure(error)
        }
    }

    static func whole(_ text: String, limits: HTTPLimits = HTTPLimits()) -> Outcome {
        let input = Array(text.utf8)
        return parse(input, endingAt: [input.count], limits: limits)
    }

    /// The outcomes that differ from that of the whole input, when it comes byte by byte and split at each place.
    static func differences(_ text: String, limits: HTTPLimits = HTTPLimits()) -> [(ends: [Int], outcome: Outcome)] {
        let input = Array(text.utf8)
        let whole = parse(input, endingAt: [input.count], limits: limits)
        let pieces = [Array(1...max(input.count, 1))] + (1..<max(input.count, 2)).map { [$0, input.count] }
        return pieces.map { ($0, parse(input, endingAt: $0, limits: limits)) }.filter { $0.outcome != whole }
    }

    /// A head that held another request and was reset, so that whatever is left of that shows.
    private static func usedHead() -> RequestHead {
        let head = RequestHead()
        var parser = RequestHeadParser(limits: HTTPLimits())
        let previous =
            "POST /previous;x/%2e/y?q=1 HTTP/1.1\r\nHost: PREVIOUS.example:99\r\nContent-Length: 77\r\n"
            + "Connection: upgrade\r\nUpgrade: websocket\r\nExpect: 100-continue\r\nX-Previous: yes\r\n\r\n"
        _ = try? parser.parse(copyOf: Array(previous.utf8)[...], into: head)
        head.reset()
        return head
    }
}
