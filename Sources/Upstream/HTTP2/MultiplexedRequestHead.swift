import Bytes
import HTTP
import HTTP2

/// Puts the head of a request together for a server of HTTP/2 (RFC 9113 §8.3.1).
enum MultiplexedRequestHead {
    /// The fields point into the request and the server, until they are submitted.
    static func write(_ request: UpstreamRequest, server: ServerPool, into fields: HTTP2FieldEncoder) {
        let line = request.line.bytes
        // METHOD SP TARGET SP HTTP/1.1 CR LF
        let methodEnd = line.firstOffset(of: 0x20) ?? 0
        let targetEnd = max(methodEnd + 1, line.count - " HTTP/1.1\r\n".utf8.count)
        fields.removeAll()
        fields.append(name: ":method", value: line.slice(0..<methodEnd))
        fields.append(name: ":scheme", value: server.server.isSecure ? "https" : "http")
        appendAuthority(request, server, to: fields)
        fields.append(name: ":path", value: line.slice(min(methodEnd + 1, line.count)..<min(targetEnd, line.count)))
        request.fields.forEachField { name, value in
            if isSent(name) { fields.append(name: name, value: value) }
        }
        // RFC 9113 §8.2.2; servers of gRPC expect it.
        if request.acceptsTrailers { fields.append(name: "te", value: "trailers") }
        if case .length(let length) = request.framing { fields.append(contentLength: length) }
    }

    private static func appendAuthority(
        _ request: UpstreamRequest,
        _ server: ServerPool,
        to fields: HTTP2FieldEncoder
    ) {
        if request.sendsServerHost {
            return server.authority.withUnsafeBytes { fields.append(name: ":authority", value: $0) }
        }
        request.fields.forEachField { name, value in
            if FieldName(name) == .host { fields.append(name: ":authority", value: value) }
        }
    }

    /// RFC 9113 §8.2.2: what is said about the connection is said by frames.
    private static func isSent(_ name: UnsafeRawBufferPointer) -> Bool {
        let known = FieldName(name)
        return known == .trailer || (!known.isHopByHop && known != .host)
    }
}
