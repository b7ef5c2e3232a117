import HTTP

/// What is left to be written of a request's body.
struct RequestBodyState {
    private(set) var framing: BodyFraming
    /// Whether the request is complete, its body and trailers included.
    private(set) var isComplete: Bool

    init(_ framing: BodyFraming = .none) {
        self.framing = framing
        isComplete = framing == .none
    }

    /// A body of another protocol, which ends with our direction of the connection.
    static var tunnel: RequestBodyState {
        var body = RequestBodyState(.untilClose)
        body.isComplete = false
        return body
    }

    /// Counts bytes of the body; false if there are more than the head says.
    mutating func write(_ count: Int) -> Bool {
        guard !isComplete else { return count == 0 }
        guard case .length(let left) = framing else { return true }
        guard UInt64(count) <= left else { return false }
        framing = .length(left - UInt64(count))
        return true
    }

    /// Ends the body; false if bytes are missing.
    mutating func finish() -> Bool {
        isComplete = true
        if case .length(let left) = framing { return left == 0 }
        return true
    }
}
