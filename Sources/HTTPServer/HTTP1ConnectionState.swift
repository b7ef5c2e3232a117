/// What an HTTP/1 connection may do next; it decides, `HTTP1Connection` acts (RFC 9112 §9).
struct HTTP1ConnectionState {
    /// How far the current request is.
    enum Request {
        /// Its head is awaited or being read.
        case head
        case body
        /// All of it is read; the next one has to wait for the response.
        case complete
        /// The rest of its body is thrown away after the response, so that the connection can be used again.
        case discarding
        /// Another protocol is spoken, which ends with the connection.
        case tunnel
        /// The client has ended its direction of the tunnel.
        case tunnelEnded
        /// Nothing more is read.
        case closed
    }

    /// What follows a complete response.
    enum Next: Equatable {
        case request
        case discard
        case close
    }

    private(set) var request = Request.head
    private(set) var persists = true
    private(set) var peerHasEnded = false
    private(set) var isDraining = false

    /// A request body of which this much may be missing when the response ends is read and thrown away.
    static let discardLimit: UInt64 = 64 * 1024

    mutating func headRead(keepsAlive: Bool, hasBody: Bool) {
        request = hasBody ? .body : .complete
        persists = keepsAlive && !isDraining
    }

    /// The request can't be understood, so neither can what follows it.
    mutating func requestFailed() {
        request = .closed
        persists = false
    }

    mutating func bodyRead() {
        request = .complete
    }

    /// A final response begins.
    ///
    /// - Parameters:
    ///   - missing: How much of the request body is not read yet; nil when nobody knows.
    ///   - waits: The client may be waiting for `100 (Continue)`, so it is not known whether a body follows at all.
    /// - Returns: Whether the connection will be used again.
    mutating func responseBegins(missing: UInt64?, waits: Bool, closes: Bool) -> Bool {
        if closes || isDraining { persists = false }
        if request == .body {
            let discards = missing.map { $0 <= Self.discardLimit } ?? false
            if waits || !discards { persists = false }
        }
        return persists
    }

    mutating func responseEnded() -> Next {
        guard persists, request != .closed else {
            request = .closed
            return .close
        }
        if request == .body {
            request = .discarding
            return .discard
        }
        request = .head
        return .request
    }

    /// The final response switches to another protocol (RFC 9110 §7.8).
    mutating func tunnelBegins() {
        request = .tunnel
        persists = false
    }

    /// All that the client had to say in the tunnel was handed on.
    mutating func tunnelRead() {
        request = .tunnelEnded
    }

    /// The body that was thrown away has ended.
    mutating func discarded() {
        request = .head
    }

    mutating func peerEnded() {
        peerHasEnded = true
    }

    mutating func drain() {
        isDraining = true
        persists = false
    }
}
