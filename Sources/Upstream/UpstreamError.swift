import HTTP

/// Why a request got no answer, or not all of it.
package enum UpstreamError: Error, Equatable, Sendable {
    /// No server could be connected to; the request reached none.
    case unreachable(ConnectFailure)
    /// No connection within `connect_timeout`; the request reached no server.
    case connectTimedOut
    /// No response head within `response_timeout`.
    case responseTimedOut
    /// No progress within `idle_timeout`, in the middle of the request or the response.
    case idleTimedOut(responseStarted: Bool)
    /// The connection ended before the response did.
    case closedEarly(responseStarted: Bool)
    /// The server said that it has done nothing for the request (RFC 9113 §8.7), and it cannot be sent to it again from here.
    case refused
    /// The response cannot be read in one way only.
    case malformedResponse(HTTPParseError, responseStarted: Bool)
    /// The server broke the rules of an HTTP/2 connection, or closed it for what it saw on it (RFC 9113 §5.4.1).
    case brokenConnection(responseStarted: Bool)
    /// A 101 that nobody had asked for.
    case unrequestedUpgrade
    /// The request asks for another protocol, and the server speaks HTTP/2 only, where none can be switched to.
    case cannotUpgrade
    /// Every server is left out for now; `retryAfter` is in seconds, at least 1.
    case allServersDown(retryAfter: Int)
    /// The body that was written is not as long as the head says.
    case bodyLengthMismatch
    /// The loop has no more sockets or memory for the connection.
    case outOfResources

    /// Whether some of the response was handed on, so that it can only be broken off.
    package var responseStarted: Bool {
        switch self {
        case .idleTimedOut(let started), .closedEarly(let started), .brokenConnection(let started): started
        case .malformedResponse(_, let started): started
        default: false
        }
    }
}

/// Why a server could not be connected to.
package enum ConnectFailure: Error, Equatable, Sendable {
    case nameNotResolved
    case refused
    /// The handshake failed; the text is for the log.
    case handshakeFailed(String)
    /// The certificate is not trusted or is another host's; the text is for the log.
    case certificateRefused(String)
    /// Something else; the text is for the log.
    case other(String)
}
