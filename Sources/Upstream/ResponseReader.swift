import Bytes
import HTTP

/// Reads the responses of one connection: bytes in, events out.
struct ResponseReader {
    enum Event {
        case needMore
        /// The head given is that of a 1xx response; the response proper follows.
        case informational
        /// The head given is that of the response.
        case head
        case body(UnsafeRawBufferPointer)
        /// The response is complete.
        case end(trailers: FieldList?)
    }

    private enum State {
        case head
        case length(UInt64)
        case chunked
        case untilClose
        case complete
    }

    private let limits: HTTPLimits
    private var parser: ResponseHeadParser
    private var decoder: ChunkedDecoder
    private var state = State.complete
    private var method = HTTPMethod.get

    /// Whether the head of the response proper was read.
    private(set) var hasStarted = false
    /// Whether the connection can carry another exchange after the response (RFC 9112 §9.3).
    private(set) var keepsAlive = false

    init(limits: HTTPLimits) {
        self.limits = limits
        parser = ResponseHeadParser(limits: limits)
        decoder = ChunkedDecoder(limits: limits)
    }

    /// Waits for the response to a request with this method.
    mutating func begin(_ method: HTTPMethod) {
        self.method = method
        state = .head
        hasStarted = false
        keepsAlive = false
    }

    /// Whether the end of the connection is the end of the response, and not its loss.
    var isCompleteAtClose: Bool {
        if case .untilClose = state { return true }
        return false
    }

    /// What follows the head is of another protocol, to the end of the connection.
    mutating func beginTunnel() {
        state = .untilClose
        keepsAlive = false
    }

    /// The server sent what belongs to no response.
    mutating func giveUpConnection() {
        keepsAlive = false
    }

    /// Reads on in `input`, which starts behind what was consumed before; an unfinished head must come again, whole.
    ///
    /// The head given must be the same, fresh from `reset()`, until it is read.
    ///
    /// - Throws: What is wrong with the response; nothing more can be read then.
    mutating func next(
        _ input: UnsafeRawBufferPointer,
        consumed: inout Int,
        head: ResponseHead
    ) throws(HTTPParseError) -> Event {
        consumed = 0
        switch state {
        case .head:
            guard let count = try parser.parse(input, into: head) else { return .needMore }
            consumed = count
            return took(head)
        case .length(let left):
            guard !input.isEmpty else { return .needMore }
            let count = Int(min(left, UInt64(input.count)))
            consumed = count
            state = UInt64(count) == left ? .complete : .length(left - UInt64(count))
            return .body(input.slice(0..<count))
        case .chunked:
            return try nextOfChunked(input, consumed: &consumed)
        case .untilClose:
            guard !input.isEmpty else { return .needMore }
            consumed = input.count
            return .body(input)
        case .complete:
            return .end(trailers: nil)
        }
    }

    private mutating func took(_ head: ResponseHead) -> Event {
        if head.isInformational { return .informational }
        hasStarted = true
        keepsAlive = head.keepsAlive
        switch head.framing(for: method) {
        case .none:
            state = .complete
        case .length(let length):
            state = .length(length)
        case .chunked:
            decoder = ChunkedDecoder(limits: limits)
            state = .chunked
        case .untilClose:
            keepsAlive = false
            state = .untilClose
        }
        return .head
    }

    private mutating func nextOfChunked(
        _ input: UnsafeRawBufferPointer,
        consumed: inout Int
    ) throws(HTTPParseError) -> Event {
        switch try decoder.next(input, consumed: &consumed) {
        case .needMore: return .needMore
        case .data(let bytes): return .body(bytes)
        case .end:
            state = .complete
            return .end(trailers: decoder.trailers)
        }
    }
}
