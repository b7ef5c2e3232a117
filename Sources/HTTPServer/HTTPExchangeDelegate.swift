import Bytes
import HTTP

/// Given each request of its loop's connections.
package protocol RequestHandler: AnyObject {
    /// A request's head is there. Answer it now or set `exchange.delegate` and answer later; nothing of the body is read
    /// before `exchange.resumeBody()`.
    func handle(_ exchange: HTTPExchange)

    /// A request can't be read: answer with an error. The connection closes after the answer.
    ///
    /// `exchange.head` holds as much of the request as was understood.
    func refuse(_ exchange: HTTPExchange, _ fault: RequestFault)
}

/// What is wrong with a request or its body, before anybody looks at what it asks for.
package enum RequestFault: Error, Equatable, Sendable {
    /// The head, the chunks or the trailers break a rule or a limit.
    case malformed(HTTPParseError)
    /// The head did not come in time.
    case headTimedOut
    /// The body came more slowly than `body_min_rate`.
    case bodyTimedOut
    /// The body is larger than the route allows.
    case bodyTooLarge
}

/// Told what happens on an exchange.
///
/// Every call comes on the exchange's loop.
package protocol HTTPExchangeDelegate: AnyObject {
    /// A part of the request body; the bytes are valid during the call only.
    func exchangeBody(_ exchange: HTTPExchange, _ bytes: UnsafeRawBufferPointer)
    /// The request body is complete; the trailers are valid during the call only.
    func exchangeBodyEnded(_ exchange: HTTPExchange, trailers: FieldList?)
    /// The rest of the request body can't be read. Answer or `abort()`; the connection closes after the answer.
    func exchangeBodyFailed(_ exchange: HTTPExchange, _ fault: RequestFault)
    /// What waits to be sent has fallen below the low-water mark: write on.
    func exchangeDrained(_ exchange: HTTPExchange)
    /// The exchange is over; told once, and nothing after it.
    func exchangeEnded(_ exchange: HTTPExchange, _ outcome: ExchangeOutcome)
}

/// How an exchange ended.
package enum ExchangeOutcome: Sendable {
    /// The whole response was handed to the connection; a tunnel was ended by both sides.
    case completed
    /// The client went away or the connection was cut before that.
    case cancelled
}

/// How the end of a response body will be known.
package enum ResponseFraming: Equatable, Sendable {
    /// There is no body and no field says how long it is: 204 and 304 (RFC 9110 §6.4.1).
    case none
    /// This many bytes; of a response to HEAD, those that GET would give.
    case length(UInt64)
    /// Known when it is there; chunks in HTTP/1.1.
    case stream
}

/// The protocol side of an exchange: one HTTP/1 connection, or one HTTP/2 stream.
protocol HTTPExchangeTransport: AnyObject {
    var isWritable: Bool { get }
    var room: Int { get }
    func sendInformational(_ status: Int, _ fields: UnsafeRawBufferPointer)
    func sendHead(_ status: Int, _ fields: UnsafeRawBufferPointer, _ framing: ResponseFraming, closes: Bool)
    func beginTunnel(_ protocolName: UnsafeRawBufferPointer, _ fields: UnsafeRawBufferPointer)
    /// Ends both directions at once, after what waits to be sent.
    func closeTunnel()
    func sendBody(_ bytes: UnsafeRawBufferPointer)
    func finishResponse(trailers: UnsafeRawBufferPointer)
    func pauseBody()
    func resumeBody()
    func abort()
}
