import Bytes
import HTTP

/// Told what becomes of a request.
///
/// Of these only `upstreamReadyForBody` comes within `UpstreamClient.start`.
package protocol UpstreamRequestDelegate: AnyObject {
    /// The request has a connection: its body may be written now; not called when there is none.
    func upstreamReadyForBody(_ request: UpstreamRequest)
    /// The connection was lost before any of the body was written, and another is made: what is written now is lost.
    ///
    /// `upstreamReadyForBody` follows, or the failure.
    func upstreamNotReadyForBody(_ request: UpstreamRequest)
    /// A 1xx response, other than 101; the head is valid during the call.
    func upstreamInformational(_ request: UpstreamRequest, _ head: ResponseHead)
    /// The server switches to another protocol, as the request asked; the head of the 101 is valid during the call.
    ///
    /// From here on `writeBody` and `upstreamBody` carry opaque bytes. `finishBody` ends our direction and `upstreamEnd`
    /// the server's; the request is over when both have ended. Only of requests prepared with `upgrades`.
    func upstreamUpgraded(_ request: UpstreamRequest, _ head: ResponseHead)
    /// The head of the response; valid during the call.
    ///
    /// It may come while the body is still being written.
    func upstreamHead(_ request: UpstreamRequest, _ head: ResponseHead)
    /// Some of the response's body; valid during the call.
    ///
    /// After `pauseResponse` what was read already still comes, at most 64 KiB.
    func upstreamBody(_ request: UpstreamRequest, _ bytes: UnsafeRawBufferPointer)
    /// The response is complete; nothing more comes, and the trailers are valid during the call.
    func upstreamEnd(_ request: UpstreamRequest, trailers: FieldList?)
    /// The request failed; nothing more comes.
    func upstreamFailed(_ request: UpstreamRequest, _ error: UpstreamError)
    /// What was written has gone out, after `isWritable` was false.
    func upstreamDrained(_ request: UpstreamRequest)
}

/// One request to an upstream, whatever number of attempts it takes; to be kept and used again.
///
/// Confined to its event loop.
///
/// In order: `prepare`, fill `line` and `fields`, `UpstreamClient.start`, then the body. It holds its delegate from
/// `prepare` until it has ended, failed or been cancelled.
package final class UpstreamRequest {
    /// The request line with its line end.
    package var line = ByteBuffer()
    /// The fields, without `Content-Length` and `Transfer-Encoding`, which follow from the framing.
    package var fields = FieldBlock()
    /// Whether a `Host` field that names the server is put before the fields (RFC 9110 §7.2).
    package var sendsServerHost = true
    /// Whether the client takes trailers, which `TE` tells servers of HTTP/2 (RFC 9110 §10.1.4).
    package var acceptsTrailers = false
    /// Nanoseconds for the head of the response, where it is not the upstream's own limit.
    package var responseTimeout: UInt64?
    /// Bytes of the response that are read at once, from an HTTP/1.1 server; held between 16 and 64 KiB.
    package var readSize: Int {
        get { heldReadSize }
        set { heldReadSize = min(max(newValue, Self.readSizes.lowerBound), Self.readSizes.upperBound) }
    }
    private var heldReadSize = readSizes.lowerBound
    /// From a TLS record, so that none is ever left half read where epoll does not see it.
    private static let readSizes = (16 << 10)...(64 << 10)

    package private(set) var method = HTTPMethod.get
    package private(set) var framing = BodyFraming.none
    /// Whether the request asks to switch to another protocol by an `Upgrade` among its fields (RFC 9110 §7.8).
    package private(set) var upgrades = false
    /// How often the request was sent again.
    package internal(set) var resendCount = 0
    /// The place of the server that has the request, in the configuration's list; nil before one was chosen.
    package internal(set) var serverIndex: Int?

    var delegate: (any UpstreamRequestDelegate)?
    var client: UpstreamClient?
    var server: ServerPool?
    var progress = Progress.idle
    var tried = TriedServers()
    /// Whether the attempt finds out if a server that was down is back.
    var isProbe = false
    /// Whether some of the body was taken from the delegate.
    var isBodyStarted = false
    /// Whether some of a response, be it a 1xx, was given to the delegate.
    var isResponseStarted = false

    /// How far the request has come.
    enum Progress {
        case idle
        /// It waits for a connection that is being made.
        case connecting(UpstreamDialer)
        case exchanging(any UpstreamExchange)
        /// It has failed; the delegate will hear of it at the end of the batch.
        case failed(UpstreamError)
    }

    package init() {}

    /// Makes the request ready to be filled, as if new; it must not be under way.
    ///
    /// - Parameter upgrades: Whether a 101 is an answer to it, which takes HTTP/1.1 and a request without a body.
    package func prepare(
        method: HTTPMethod,
        framing: BodyFraming,
        upgrades: Bool = false,
        delegate: any UpstreamRequestDelegate
    ) {
        guard case .idle = progress else { preconditionFailure("a request is started once until it has ended") }
        precondition(framing != .untilClose, "a request cannot end with its connection (RFC 9112 §6.3)")
        precondition(framing == .none || !upgrades, "a request that switches protocols has no body")
        self.method = method
        self.framing = framing
        self.upgrades = upgrades
        self.delegate = delegate
        line.removeAll()
        fields.removeAll()
        sendsServerHost = true
        acceptsTrailers = false
        responseTimeout = nil
        heldReadSize = Self.readSizes.lowerBound
        resendCount = 0
        serverIndex = nil
        tried = TriedServers()
        isProbe = false
        isBodyStarted = false
        isResponseStarted = false
    }

    /// Whether the request was started and has not ended, failed or been cancelled.
    package var isUnderWay: Bool {
        if case .idle = progress { return false }
        return true
    }

    /// Gives back the memory of the line and the fields, for a response or a tunnel that may last for hours.
    ///
    /// Only once a response has begun: until then they may have to be sent again.
    package func releaseHead() {
        guard isResponseStarted else { return }
        line.releaseStorage()
        fields.buffer.releaseStorage()
    }

    /// Whether the request goes over a connection of HTTP/2, where one that rests costs the server little.
    package var isMultiplexed: Bool {
        guard case .exchanging(let exchange) = progress else { return false }
        return exchange is UpstreamHTTP2Exchange
    }

    /// Writes some of the body; the bytes are sent or copied.
    ///
    /// Only from `upstreamReadyForBody` on. Once the response has ended or the server stopped listening, it does nothing.
    package func writeBody(_ bytes: UnsafeRawBufferPointer) {
        guard case .exchanging(let exchange) = progress else { return }
        isBodyStarted = true
        exchange.writeBody(bytes)
    }

    /// Ends the body.
    package func finishBody() {
        guard case .exchanging(let exchange) = progress else { return }
        isBodyStarted = true
        exchange.finishBody(trailers: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Ends the body with trailers, which are sent only where the framing is chunked.
    package func finishBody(trailers: borrowing FieldBlock) {
        guard case .exchanging(let exchange) = progress else { return }
        isBodyStarted = true
        exchange.finishBody(trailers: trailers.bytes)
    }

    /// Whether more of the body should be written now; when not, `upstreamDrained` follows.
    package var isWritable: Bool {
        guard case .exchanging(let exchange) = progress else { return false }
        return exchange.isWritable
    }

    /// Stops reading the response.
    package func pauseResponse() {
        guard case .exchanging(let exchange) = progress else { return }
        exchange.pauseReading()
    }

    /// Goes on reading the response.
    package func resumeResponse() {
        guard case .exchanging(let exchange) = progress else { return }
        exchange.resumeReading()
    }

    /// Gives the request up, closing its connection; the delegate hears nothing more.
    package func cancel() {
        let progress = progress
        let client = client
        detach()
        switch progress {
        case .idle, .failed: break
        case .connecting(let dialer): dialer.remove(self)
        case .exchanging(let exchange): exchange.abandonExchange()
        }
        client?.endAttempt(self)
    }

    /// Lets everything go and returns whom to tell about it.
    @discardableResult
    func detach() -> (any UpstreamRequestDelegate)? {
        let told = delegate
        progress = .idle
        delegate = nil
        client = nil
        return told
    }
}

@available(*, unavailable)
extension UpstreamRequest: Sendable {}
