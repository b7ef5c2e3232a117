/// One finished request, as the access log shows it.
///
/// The bytes need to live only while it is written. There is no place for a query string, a token or a cookie: what is not here cannot be logged by mistake.
package struct AccessRecord {
    package var unixMilliseconds: Int64 = 0
    package var requestID = UnsafeRawBufferPointer(start: nil, count: 0)
    package var clientAddress = UnsafeRawBufferPointer(start: nil, count: 0)
    package var method = UnsafeRawBufferPointer(start: nil, count: 0)
    package var host = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The path; anything from a `?` on is cut off here once more.
    package var path = UnsafeRawBufferPointer(start: nil, count: 0)
    /// `HTTP/1.1`, `HTTP/2`.
    package var version: StaticString = ""
    /// The name of the route, empty when none was found.
    package var route = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The upstream's name and server, empty when the gateway answered by itself.
    package var upstream = UnsafeRawBufferPointer(start: nil, count: 0)
    /// What the client was told; 0 when it went away before.
    package var status = 0
    /// The `grpc-status` that a gRPC client was told; nil for other clients and where there was none.
    package var grpcStatus: Int?
    package var decision = AccessLogDecision.answered
    /// Why, as a short word in snake case: `token_expired`; empty when there is nothing to say.
    package var reason = UnsafeRawBufferPointer(start: nil, count: 0)
    package var user = UnsafeRawBufferPointer(start: nil, count: 0)
    package var clientID = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Body bytes from and to the client.
    package var bytesReceived: UInt64 = 0
    package var bytesSent: UInt64 = 0
    package var totalNanoseconds: UInt64 = 0
    /// From sending the request upstream to the end of its answer; nil when it was not sent.
    package var upstreamNanoseconds: UInt64?

    package init() {}
}

/// What became of a request.
package enum AccessLogDecision: Sendable {
    /// The upstream was asked.
    case forwarded
    /// The gateway said no.
    case refused
    /// The gateway answered by itself: its own paths, CORS preflights, redirects.
    case answered

    var text: StaticString {
        switch self {
        case .forwarded: "forwarded"
        case .refused: "refused"
        case .answered: "answered"
        }
    }
}
