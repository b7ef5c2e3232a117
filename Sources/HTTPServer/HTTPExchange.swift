import Bytes
import HTTP
import Transport

/// One request and its response, whatever the protocol version.
///
/// Confined to its event loop.
///
/// This is the seam between the protocols and what is done with a request: a handler sees nothing below it.
package final class HTTPExchange {
    package let loop: EventLoop
    /// The request's head; valid until the exchange has ended.
    package let head: RequestHead
    package let connection: ConnectionInfo
    /// Monotonic nanoseconds at which the head was complete.
    package let startedAt: UInt64
    /// Held until the exchange has ended, so the delegate may hold the exchange as well.
    package var delegate: (any HTTPExchangeDelegate)?
    /// The largest request body in bytes; set it before `resumeBody()`.
    package var bodySizeLimit = UInt64.max
    /// Whether the request body may rest for as long as its delegate lets it, instead of coming at a least rate.
    ///
    /// For HTTP/2 only, where a request and its response can be the two halves of a conversation.
    package var mayBodyRest = false

    /// Bytes of the request body that were read, without framing.
    package internal(set) var requestBodySize: UInt64 = 0
    /// Whether all of the request is there.
    package internal(set) var isRequestComplete = false
    /// The status of the final response; 0 before it.
    package internal(set) var status = 0
    /// Bytes of the response body that were handed over, without framing.
    package internal(set) var responseBodySize: UInt64 = 0
    /// Whether the exchange has become a tunnel, whose bytes count as those of the bodies.
    package private(set) var isTunnel = false
    /// Whether the response is complete or the exchange was cut.
    package internal(set) var hasEnded = false

    var transport: (any HTTPExchangeTransport)?

    init(loop: EventLoop, head: RequestHead, connection: ConnectionInfo, transport: any HTTPExchangeTransport) {
        self.loop = loop
        self.head = head
        self.connection = connection
        self.transport = transport
        startedAt = loop.now
    }

    /// Whether the final response has begun.
    package var isResponseStarted: Bool { status != 0 }

    /// Whether more may be written now; otherwise wait for `exchangeDrained`.
    package var isWritable: Bool { transport?.isWritable ?? false }

    /// Bytes of the response body that could go out now, as far as the client's windows are known.
    package var room: Int { transport?.room ?? 0 }

    /// Lets the request body come, to the delegate.
    package func resumeBody() { transport?.resumeBody() }

    /// Stops the request body; what the client sends is left in the kernel, which slows the client down.
    package func pauseBody() { transport?.pauseBody() }

    /// Sends a 1xx response (RFC 9110 §15.2); HTTP/1.0 clients are spared it.
    ///
    /// - Parameter fields: Field lines, each with its CRLF.
    package func sendInformational(status: Int, fields: UnsafeRawBufferPointer) {
        guard !isResponseStarted else { return }
        transport?.sendInformational(status, fields)
    }

    /// Begins the final response.
    ///
    /// - Parameters:
    ///   - fields: Field lines, each with its CRLF; none that is about the connection or the framing.
    ///   - closes: Whether the connection shall not be used again.
    package func sendHead(
        status: Int,
        fields: UnsafeRawBufferPointer,
        framing: ResponseFraming,
        closes: Bool = false
    ) {
        guard !isResponseStarted, let transport else { return }
        self.status = status
        transport.sendHead(status, fields, framing, closes: closes)
    }

    /// Switches to another protocol: from here on the bodies of both directions are opaque bytes without framing.
    ///
    /// Over HTTP/1.1 that is `101 (Switching Protocols)` (RFC 9110 §7.8), over HTTP/2 the 200 of an extended CONNECT
    /// (RFC 8441 §5). The client's bytes come after `resumeBody()`, their end as `exchangeBodyEnded`; `finish()` ends our
    /// direction. The exchange has ended when both have.
    ///
    /// - Parameters:
    ///   - protocolName: What `Upgrade` says; of HTTP/1.1 only.
    ///   - fields: As for `sendHead`, without `Upgrade` and `Connection`.
    package func beginTunnel(protocolName: UnsafeRawBufferPointer, fields: UnsafeRawBufferPointer) {
        guard !isResponseStarted, let transport else { return }
        status = head.connectProtocol == nil ? 101 : 200
        isTunnel = true
        bodySizeLimit = .max
        transport.beginTunnel(protocolName, fields)
    }

    /// Sends a part of the response body; that of a response to HEAD is dropped.
    package func write(_ bytes: UnsafeRawBufferPointer) {
        transport?.sendBody(bytes)
    }

    /// Ends the response.
    ///
    /// - Parameter trailers: Field lines, each with its CRLF; sent where the framing has room for them.
    package func finish(trailers: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)) {
        transport?.finishResponse(trailers: trailers)
    }

    /// Ends a tunnel in both directions; what was written still goes out.
    package func closeTunnel() {
        guard isTunnel else { return abort() }
        transport?.closeTunnel()
    }

    /// Cuts the exchange, so that the client sees that the response is not complete.
    package func abort() {
        transport?.abort()
    }

    /// Ends it towards the delegate, once.
    func end(_ outcome: ExchangeOutcome) {
        guard !hasEnded else { return }
        hasEnded = true
        transport = nil
        let told = delegate
        delegate = nil
        told?.exchangeEnded(self, outcome)
    }
}

@available(*, unavailable)
extension HTTPExchange: Sendable {}
