import Bytes
import Gateway
import HTTP
import HTTPServer
import Transport

/// One request to an endpoint: its body is collected here, the answer is made off the loop and comes back here.
///
/// Confined to its event loop. The client may go away at any time; what its request has set in motion goes on to its end,
/// and the answer is dropped.
final class PendingRequest {
    private let request: OwnRequest
    private let endpoint: WebEndpoint
    private let load: EndpointLoad
    private var values: WebRequest
    private var body = ByteBuffer()

    /// The largest form, in bytes.
    static let bodyLimit: UInt64 = 64 * 1024

    init(_ request: OwnRequest, _ endpoint: WebEndpoint, _ load: EndpointLoad) {
        self.request = request
        self.endpoint = endpoint
        self.load = load
        values = WebRequest(request)
    }

    /// Takes the request on; from here to the end it keeps itself with the exchange.
    func start() {
        let exchange = request.exchange
        if endpoint.needsToken {
            do throws(GatewayFailure) {
                values.token = try request.authenticate().token
            } catch {
                return fail(error)
            }
        }
        // Only a form counts: a body with GET has no meaning (RFC 9110 §9.3.1).
        guard exchange.head.method == .post, !exchange.isRequestComplete else { return respond() }
        if case .length(let size) = exchange.head.framing, size > Self.bodyLimit { return fail(.bodyTooLarge) }
        request.delegate = self
        exchange.bodySizeLimit = Self.bodyLimit
        if exchange.head.expectsContinue {
            exchange.sendInformational(status: 100, fields: UnsafeRawBufferPointer(start: nil, count: 0))
        }
        exchange.resumeBody()
    }

    private func fail(_ failure: GatewayFailure) {
        releaseBody()
        request.delegate = nil
        request.fail(failure, cors: endpoint.allowsAnyOrigin ? OwnEndpoints.anyOrigin : nil)
    }

    /// Everything is there: the answer is made in a task of its own.
    private func respond() {
        guard load.begin() else { return fail(.overloaded(retryAfter: EndpointLoad.retryAfter)) }
        let fault = readParameters()
        releaseBody()
        let endpoint = endpoint
        let values = values
        let bound = LoopBound(self, on: request.exchange.loop)
        Task {
            let response = if let fault { endpoint.refuse(values, fault) } else { await endpoint.respond(values) }
            bound.execute { $0.finish(response) }
        }
    }

    private func readParameters() -> WebRequestFault? {
        do throws(FormParameters.Fault) {
            if let query = request.exchange.head.query { values.query = try FormParameters(query) }
        } catch {
            return .query(error)
        }
        guard !body.isEmpty else { return nil }
        guard FormMediaType.isForm(request.exchange.head) else {
            values.query = FormParameters()
            return .mediaType
        }
        do throws(FormParameters.Fault) {
            values.form = try FormParameters(body.bytes)
            return nil
        } catch {
            values.query = FormParameters()
            return .form(error)
        }
    }

    private func finish(_ response: WebResponse) {
        load.end()
        let exchange = request.exchange
        request.outcome.refusal = response.refusal
        request.outcome.userName = response.userName
        request.outcome.clientID = response.clientID
        guard !exchange.hasEnded, !exchange.isResponseStarted else { return }
        if let failure = response.failure { return fail(failure) }
        var fields = FieldBlock(capacity: 1024)
        request.appendFields(to: &fields)
        response.append(to: &fields)
        if endpoint.allowsAnyOrigin, exchange.head.fields.contains(.origin) {
            OwnEndpoints.anyOrigin.write(for: exchange.head.value(of: .origin), into: &fields)
        }
        let framing: ResponseFraming = response.status == 204 ? .none : .length(UInt64(response.body.count))
        exchange.sendHead(status: response.status, fields: fields.bytes, framing: framing)
        response.body.withUnsafeBytes { exchange.write($0) }
        exchange.finish()
    }

    private func releaseBody() {
        load.release(body.count)
        body.releaseStorage()
    }
}

extension PendingRequest: HTTPExchangeDelegate {
    func exchangeBody(_ exchange: HTTPExchange, _ bytes: UnsafeRawBufferPointer) {
        guard load.reserve(bytes.count) else { return fail(.overloaded(retryAfter: EndpointLoad.retryAfter)) }
        body.append(bytes)
    }

    func exchangeBodyEnded(_ exchange: HTTPExchange, trailers: FieldList?) { respond() }

    /// `OwnRequest` answers it.
    func exchangeBodyFailed(_ exchange: HTTPExchange, _ fault: RequestFault) {}

    func exchangeDrained(_ exchange: HTTPExchange) {}

    func exchangeEnded(_ exchange: HTTPExchange, _ outcome: ExchangeOutcome) { releaseBody() }
}

extension WebResponse {
    /// Appends the fields; each was checked when it was set.
    fileprivate func append(to block: inout FieldBlock) {
        for (name, value) in fields {
            var name = name
            var value = value
            name.withUTF8 { name in
                value.withUTF8 { block.append(name: UnsafeRawBufferPointer(name), value: UnsafeRawBufferPointer($0)) }
            }
        }
    }
}

@available(*, unavailable)
extension PendingRequest: Sendable {}
