import Bytes
import HTTP
import Transport

/// How far the response of the current exchange is.
struct ResponseProgress {
    enum Body {
        /// No head was sent yet.
        case notBegun
        /// Nothing may follow the head: HEAD, 204, 304.
        case none
        /// This many bytes are still owed.
        case length(UInt64)
        case chunked
        /// For HTTP/1.0 clients: the end of the connection is the end of the body.
        case untilClose
        /// Opaque bytes, until either side has no more.
        case tunnel
        case ended
    }

    var body = Body.notBegun

    /// The part of the bytes that the body has room for: nothing where there is none, and no more than was promised.
    ///
    /// In HTTP/1.1 more would be read as the next response; in HTTP/2 it makes the response malformed (RFC 9113 §8.1.1).
    mutating func admit(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        switch body {
        case .notBegun, .none, .ended: return UnsafeRawBufferPointer(start: nil, count: 0)
        case .length(let left):
            let count = min(left, UInt64(bytes.count))
            body = .length(left - count)
            return UnsafeRawBufferPointer(rebasing: bytes[..<Int(count)])
        case .chunked, .untilClose, .tunnel: return bytes
        }
    }
}

extension HTTP1Connection: HTTPExchangeTransport {
    var isWritable: Bool { !stream.isAboveHighWater }

    var room: Int { max(0, WaterMark.high - stream.pendingByteCount) }

    func sendInformational(_ status: Int, _ fields: UnsafeRawBufferPointer) {
        guard let exchange, exchange.head.minorVersion > 0 else { return }
        MessageEncoder.appendStatusLine(status, to: &server.headBuffer)
        server.headBuffer.append(fields)
        server.headBuffer.append("\r\n")
        sendHeadBuffer()
    }

    func sendHead(_ status: Int, _ fields: UnsafeRawBufferPointer, _ framing: ResponseFraming, closes: Bool) {
        guard let exchange, case .notBegun = response.body else { return }
        let head = exchange.head
        let isOld = head.minorVersion == 0
        // Without a length an HTTP/1.0 client can tell the end only by the connection's.
        let endsConnection = isOld && framing == .stream
        let persists = state.responseBegins(
            missing: missingBody,
            waits: head.expectsContinue && exchange.requestBodySize == 0,
            closes: closes || endsConnection || server.isDraining
        )
        MessageEncoder.appendStatusLine(status, to: &server.headBuffer)
        server.headBuffer.append(fields)
        appendFraming(framing, isOld: isOld)
        if !persists {
            server.headBuffer.append("Connection: close\r\n")
        } else if isOld {
            server.headBuffer.append("Connection: keep-alive\r\n")
        }
        server.headBuffer.append("\r\n")
        sendHeadBuffer()
        response.body = body(framing, isOld: isOld, isHead: head.method == .head)
    }

    func sendBody(_ bytes: UnsafeRawBufferPointer) {
        let bytes = response.admit(bytes)
        guard bytes.count > 0 else { return }
        if case .chunked = response.body {
            ChunkEncoder.appendHead(bytes.count, to: &server.headBuffer)
            sendHeadBuffer()
            stream.write(bytes)
            ChunkEncoder.appendTail(to: &server.headBuffer)
            sendHeadBuffer()
        } else {
            stream.write(bytes)
        }
        exchange?.responseBodySize += UInt64(bytes.count)
    }

    func finishResponse(trailers: UnsafeRawBufferPointer) {
        switch response.body {
        case .ended: return
        case .tunnel: return finishTunnel()
        case .notBegun: return abort()
        case .length(let left) where left > 0:
            // The client was promised more: only a cut connection tells it that something is missing.
            return abort()
        case .chunked:
            server.headBuffer.append("0\r\n")
            server.headBuffer.append(trailers)
            server.headBuffer.append("\r\n")
            sendHeadBuffer()
        case .none, .length, .untilClose: break
        }
        response.body = .ended
        exchangeFinished()
    }

    private func appendFraming(_ framing: ResponseFraming, isOld: Bool) {
        switch framing {
        case .none: break
        case .length(let count):
            server.headBuffer.append("Content-Length: ")
            server.headBuffer.append(decimal: Int(clamping: count))
            server.headBuffer.append("\r\n")
        case .stream where !isOld: server.headBuffer.append("Transfer-Encoding: chunked\r\n")
        case .stream: break
        }
    }

    private func body(_ framing: ResponseFraming, isOld: Bool, isHead: Bool) -> ResponseProgress.Body {
        if isHead { return .none }
        switch framing {
        case .none: return .none
        case .length(let count): return .length(count)
        case .stream: return isOld ? .untilClose : .chunked
        }
    }

    func sendHeadBuffer() {
        stream.write(server.headBuffer.bytes)
        server.headBuffer.removeAll()
    }
}
