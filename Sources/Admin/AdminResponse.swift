import Bytes
import HTTP
import HTTPServer

/// One answer, sent piece by piece as its reader takes it.
///
/// Confined to its event loop.
final class AdminResponse {
    // Let go at the end, on the loop.
    private var exchange: HTTPExchange?
    private let type: StaticString
    private let onEnd: () -> Void
    private var content: [UInt8] = []
    private var sent = 0

    /// - Parameter onEnd: called once when the exchange is over.
    init(_ exchange: HTTPExchange, type: StaticString, onEnd: @escaping () -> Void) {
        self.exchange = exchange
        self.type = type
        self.onEnd = onEnd
    }

    /// Sends this content; does nothing when the client has gone meanwhile.
    func begin(_ content: [UInt8]) {
        guard let exchange else { return }
        self.content = content
        let fields = Self.fields(type: type, status: 200)
        exchange.sendHead(status: 200, fields: fields.bytes, framing: .length(UInt64(content.count)))
        sendMore()
    }

    private func sendMore() {
        guard let exchange, exchange.isResponseStarted else { return }
        while sent < content.count, exchange.isWritable {
            let end = min(sent + Self.pieceSize, content.count)
            content.withUnsafeBytes { exchange.write($0.slice(sent..<end)) }
            sent = end
        }
        if sent == content.count, !exchange.hasEnded { exchange.finish() }
    }

    /// Answers at once with a line of text.
    static func send(_ exchange: HTTPExchange, status: Int, text: String) {
        var text = text
        text.withUTF8 {
            send(exchange, status: status, type: "text/plain; charset=utf-8", body: UnsafeRawBufferPointer($0))
        }
    }

    /// Answers at once; for bodies of some kilobytes.
    static func send(_ exchange: HTTPExchange, status: Int, type: StaticString, body: UnsafeRawBufferPointer) {
        let fields = fields(type: type, status: status)
        exchange.sendHead(status: status, fields: fields.bytes, framing: .length(UInt64(body.count)))
        exchange.write(body)
        exchange.finish()
    }

    private static func fields(type: StaticString, status: Int) -> FieldBlock {
        var fields = FieldBlock()
        fields.append(name: "Content-Type", value: type)
        fields.append(name: "Cache-Control", value: "no-store")
        fields.append(name: "Content-Security-Policy", value: policy)
        fields.append(name: "Referrer-Policy", value: "no-referrer")
        fields.append(name: "X-Content-Type-Options", value: "nosniff")
        fields.append(name: "Cross-Origin-Resource-Policy", value: "same-origin")
        if status == 405 { fields.append(name: "Allow", value: "GET, HEAD") }
        return fields
    }

    private static let policy: StaticString =
        """
        default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'
        """
    private static let pieceSize = 64 * 1024
}

extension AdminResponse: HTTPExchangeDelegate {
    func exchangeBody(_ exchange: HTTPExchange, _ bytes: UnsafeRawBufferPointer) {}
    func exchangeBodyEnded(_ exchange: HTTPExchange, trailers: FieldList?) {}
    func exchangeBodyFailed(_ exchange: HTTPExchange, _ fault: RequestFault) { exchange.abort() }
    func exchangeDrained(_ exchange: HTTPExchange) { sendMore() }
    func exchangeEnded(_ exchange: HTTPExchange, _ outcome: ExchangeOutcome) {
        self.exchange = nil
        onEnd()
    }
}

@available(*, unavailable)
extension AdminResponse: Sendable {}
