import Bytes
import HTTP

/// Puts the head of a request together for one server.
enum RequestHeadWriter {
    static func write(_ request: UpstreamRequest, server: ServerPool, into output: inout ByteBuffer) {
        let fields = request.fields.bytes
        output.reserve(request.line.count + server.hostField.count + fields.count + 64)
        output.append(request.line.bytes)
        if request.sendsServerHost { output.append(bytes: server.hostField) }
        output.append(fields)
        switch request.framing {
        case .length(let length):
            output.append("content-length: ")
            output.append(decimal: Int(clamping: length))
            output.append("\r\n\r\n")
        case .chunked:
            output.append("transfer-encoding: chunked\r\n\r\n")
        case .none, .untilClose:
            output.append(expectsContent(request.method) ? "content-length: 0\r\n\r\n" : "\r\n")
        }
    }

    /// Without a length, some servers refuse these methods (RFC 9110 §8.6).
    private static func expectsContent(_ method: HTTPMethod) -> Bool {
        method == .post || method == .put || method == .patch
    }
}
