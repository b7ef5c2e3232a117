import HTTP

/// Reads the response of one stream: field blocks and data in, events out (RFC 9113 §8.1).
struct MultiplexedResponseReader {
    enum Event {
        /// The head is that of a 1xx response; another one follows.
        case informational
        /// The head is that of the response; nothing follows it where `isEnd`.
        case head(isEnd: Bool)
    }

    private enum State {
        case head
        /// Data of which this much is left, if the head says how much.
        case body(left: UInt64?)
        case complete
    }

    private let limits: HTTPLimits
    private let method: HTTPMethod
    private var state = State.head
    /// The first fault of the field block that is being read; the rest of it is only counted off.
    private var fault: HTTPParseError?

    /// Waits for the response to a request with this method.
    init(_ method: HTTPMethod, limits: HTTPLimits) {
        self.method = method
        self.limits = limits
    }

    /// Whether the head of the response proper was read.
    var hasStarted: Bool {
        if case .head = state { return false }
        return true
    }

    /// Takes a field of the current block; a fault shows when the block ends.
    mutating func field(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, of head: ResponseHead) {
        guard fault == nil else { return }
        do throws(HTTPParseError) {
            try head.append(name: name, value: value, limits: limits)
        } catch {
            fault = error
        }
    }

    /// Takes a trailer; a fault shows when the block ends.
    mutating func trailer(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, in trailers: FieldList) {
        guard fault == nil else { return }
        do throws(HTTPParseError) {
            // RFC 9113 §8.1: trailers have no pseudo-fields; a name with a colon is none.
            try trailers.appendMultiplexed(name: name, value: value, limits: limits)
        } catch {
            fault = error
        }
    }

    /// A head block is complete.
    mutating func headEnded(_ head: ResponseHead, endsStream: Bool) throws(HTTPParseError) -> Event {
        if let fault { throw fault }
        try head.finish(method: method, isComplete: endsStream)
        guard !head.isInformational else { return .informational }
        switch head.framing(for: method) {
        case .none: state = .body(left: 0)
        case .length(let length): state = .body(left: length)
        case .chunked, .untilClose: state = .body(left: nil)
        }
        if endsStream { state = .complete }
        return .head(isEnd: endsStream)
    }

    /// A trailer block is complete, which must end the stream (RFC 9113 §8.1).
    mutating func trailersEnded(endsStream: Bool) throws(HTTPParseError) {
        if let fault { throw fault }
        guard endsStream else { throw .malformedStatusLine }
        try end()
    }

    /// Counts data against the length that the head says (RFC 9113 §8.1.1).
    mutating func data(_ count: Int) throws(HTTPParseError) {
        guard case .body(let left) = state else { throw .malformedStatusLine }
        guard let left else { return }
        guard UInt64(count) <= left else { throw .invalidContentLength }
        state = .body(left: left - UInt64(count))
    }

    /// The stream ends behind data or trailers.
    mutating func end() throws(HTTPParseError) {
        guard case .body(let left) = state else { throw .malformedStatusLine }
        guard left == nil || left == 0 else { throw .invalidContentLength }
        state = .complete
    }
}
