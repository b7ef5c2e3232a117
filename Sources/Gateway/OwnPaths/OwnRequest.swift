import Bytes
import HTTP
import HTTPServer

/// A request to one of the gateway's own paths: whoever answers it needs nothing else of the pipeline.
///
/// Confined to its event loop. It stands between the exchange and the endpoint, so that whatever becomes of the request is
/// counted and logged once.
package final class OwnRequest {
    package let exchange: HTTPExchange
    /// Told what happens on the exchange; held until that has ended.
    package var delegate: (any HTTPExchangeDelegate)?
    /// What the log and the metrics will say.
    package var outcome = OwnOutcome()

    private let pipeline: RequestPipeline
    private var note: RequestNote

    init(_ exchange: HTTPExchange, _ pipeline: RequestPipeline, _ note: RequestNote) {
        self.exchange = exchange
        self.pipeline = pipeline
        self.note = note
    }

    /// The id that the log and the response have.
    package var requestID: String { note.requestID.text }

    /// The client's numeric address, behind trusted proxies; empty for a local socket.
    package var clientAddress: String {
        exchange.connection.addressText.withUnsafeBytes { peer in
            ClientContext(
                exchange.head,
                address: peer,
                isTrustedProxy: note.isFromTrustedProxy,
                isSecure: exchange.connection.isSecure,
                requestID: note.requestID
            ).clientAddress(exchange.head, pipeline.settings.trustedProxies).text
        }
    }

    /// Appends what every response carries: `Date`, `Strict-Transport-Security`, `X-Request-Id`.
    package func appendFields(to fields: inout FieldBlock) {
        pipeline.appendDate(to: &fields)
        pipeline.appendTransportSecurity(exchange, to: &fields)
        note.requestID.withBytes { fields.append(name: "X-Request-Id", value: $0) }
    }

    /// Whom the request's bearer token speaks for, by the rules that hold on every route (RFC 6750 §2.1).
    package func authenticate() throws(GatewayFailure) -> Principal {
        let principal: Principal?
        do throws(AuthenticationError) {
            principal = try pipeline.authenticator.authenticate(exchange.head, at: exchange.loop.unixTime)
        } catch {
            throw GatewayFailure(error)
        }
        guard let principal else { throw .credentialsMissing }
        note.principal = principal
        return principal
    }

    /// Answers as the gateway answers any request that it refuses; the request is over then.
    ///
    /// - Parameter cors: Which scripts may read the answer.
    package func fail(_ failure: GatewayFailure, cors: CORSPolicy? = nil) {
        guard !exchange.hasEnded, !exchange.isResponseStarted else { return }
        // Counted and logged by the pipeline this time.
        exchange.delegate = nil
        pipeline.fail(exchange, failure, noteForLog, cors)
    }
}

extension OwnRequest {
    /// The note with what the endpoint has said; not kept, since each would keep the other.
    private var noteForLog: RequestNote {
        var copy = note
        copy.own = self
        return copy
    }
}

extension OwnRequest: HTTPExchangeDelegate {
    package func exchangeBody(_ exchange: HTTPExchange, _ bytes: UnsafeRawBufferPointer) {
        delegate?.exchangeBody(exchange, bytes)
    }

    package func exchangeBodyEnded(_ exchange: HTTPExchange, trailers: FieldList?) {
        delegate?.exchangeBodyEnded(exchange, trailers: trailers)
    }

    package func exchangeBodyFailed(_ exchange: HTTPExchange, _ fault: RequestFault) {
        // An answer that has begun is the better one.
        if exchange.isResponseStarted { exchange.abort() } else { fail(GatewayFailure(fault)) }
    }

    package func exchangeDrained(_ exchange: HTTPExchange) {
        delegate?.exchangeDrained(exchange)
    }

    package func exchangeEnded(_ exchange: HTTPExchange, _ outcome: ExchangeOutcome) {
        let told = delegate
        delegate = nil
        told?.exchangeEnded(exchange, outcome)
        pipeline.observed(exchange, noteForLog)
    }
}

@available(*, unavailable)
extension OwnRequest: Sendable {}
