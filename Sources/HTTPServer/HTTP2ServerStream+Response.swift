import Bytes
import HTTP
import HTTP2

extension HTTP2ServerStream: HTTPExchangeTransport {
    var isWritable: Bool { !stream.isAboveHighWater }

    var room: Int { stream.room }

    func sendInformational(_ status: Int, _ fields: UnsafeRawBufferPointer) {
        guard let session = connection.session else { return }
        let encoder = connection.server.fieldEncoder
        encoder.removeAll()
        encoder.append(status: status)
        encoder.append(lines: fields)
        session.inform(stream, encoder)
    }

    func sendHead(_ status: Int, _ fields: UnsafeRawBufferPointer, _ framing: ResponseFraming, closes: Bool) {
        guard let exchange, let session = connection.session, case .notBegun = response.body else { return }
        let encoder = connection.server.fieldEncoder
        encoder.removeAll()
        encoder.append(status: status)
        encoder.append(lines: fields)
        if case .length(let count) = framing { encoder.append(contentLength: count) }
        response.body = exchange.head.method == .head ? .none : Self.body(framing)
        var endsStream = false
        if case .none = response.body { endsStream = true }
        session.respond(stream, encoder, endsStream: endsStream)
    }

    private static func body(_ framing: ResponseFraming) -> ResponseProgress.Body {
        switch framing {
        case .none: .none
        case .length(let count): count == 0 ? .none : .length(count)
        case .stream: .untilClose
        }
    }

    func sendBody(_ bytes: UnsafeRawBufferPointer) {
        let bytes = response.admit(bytes)
        stream.write(bytes)
        exchange?.responseBodySize += UInt64(bytes.count)
    }

    func finishResponse(trailers: UnsafeRawBufferPointer) {
        switch response.body {
        case .ended: return
        case .notBegun: return abort()
        case .tunnel:
            stream.finish()
            response.body = .ended
            return endTunnel()
        case .length(let left) where left > 0:
            // The client was promised more: only a reset tells it that something is missing.
            return abort()
        case .none: break
        case .length, .untilClose, .chunked: stream.finish(trailers: trailers)
        }
        response.body = .ended
        endExchange(.completed)
        if stream.hasSentEnd { endRequest() }
    }

    /// RFC 8441 §5: the stream's DATA frames are the bytes of the tunnel.
    func beginTunnel(_ protocolName: UnsafeRawBufferPointer, _ fields: UnsafeRawBufferPointer) {
        guard let session = connection.session, exchange?.head.connectProtocol != nil, case .notBegun = response.body
        else { return abort() }
        let encoder = connection.server.fieldEncoder
        encoder.removeAll()
        encoder.append(status: 200)
        encoder.append(lines: fields)
        response.body = .tunnel
        session.respond(stream, encoder, endsStream: false)
    }

    /// Ends the exchange of a tunnel whose sides have both ended it.
    func endTunnel() {
        guard hasToldEnd, case .ended = response.body else { return }
        endExchange(.completed)
    }

    func closeTunnel() {
        stream.finish()
        response.body = .ended
        endExchange(.cancelled)
        if stream.hasSentEnd { endRequest() }
    }

    func abort() {
        response.body = .ended
        stream.reset(endCode == .none ? .internalError : endCode)
        if stream.isClosed { releaseInput() }
        endExchange(.cancelled)
    }
}
