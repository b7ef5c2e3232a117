import Bytes

/// Writes the first lines of messages (RFC 9112 §3, §4).
@usableFromInline
package enum MessageEncoder {
    /// Writes `HTTP/1.1 200 OK` and the line end; any status of three digits will do.
    package static func appendStatusLine(_ status: Int, to output: inout ByteBuffer) {
        if status == 200 { return output.append("HTTP/1.1 200 OK\r\n") }
        output.append("HTTP/1.1 ")
        output.append(decimal: status)
        output.append(byte: 0x20)
        output.append(StatusCode.reasonPhrase(status))
        output.append("\r\n")
    }

    /// Writes `METHOD path?query HTTP/1.1` and the line end.
    package static func appendRequestLine(
        method: UnsafeRawBufferPointer,
        path: UnsafeRawBufferPointer,
        query: UnsafeRawBufferPointer?,
        to output: inout ByteBuffer
    ) {
        output.reserve(method.count + path.count + (query?.count ?? 0) + 13)
        output.append(method)
        output.append(byte: 0x20)
        output.append(path)
        if let query {
            output.append(byte: UInt8(ascii: "?"))
            output.append(query)
        }
        output.append(" HTTP/1.1\r\n")
    }
}

/// Writes chunked bodies (RFC 9112 §7.1).
@usableFromInline
package enum ChunkEncoder {
    /// The most bytes that `appendHead` and `appendTail` add to the content of one chunk.
    package static let overhead = 16 + 2 + 2

    /// Writes the size line of a chunk with this many bytes, which must not be none: that would end the body.
    package static func appendHead(_ size: Int, to output: inout ByteBuffer) {
        precondition(size > 0, "a chunk without content ends the body")
        output.append(hexadecimal: UInt64(size))
        output.append("\r\n")
    }

    /// Writes what follows the content of a chunk.
    package static func appendTail(to output: inout ByteBuffer) {
        output.append("\r\n")
    }

    /// Writes one whole chunk, or nothing if there is no content.
    package static func append(_ content: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        guard !content.isEmpty else { return }
        output.reserve(content.count + overhead)
        appendHead(content.count, to: &output)
        output.append(content)
        appendTail(to: &output)
    }

    /// Writes the end of the body.
    package static func appendEnd(to output: inout ByteBuffer) {
        output.append("0\r\n\r\n")
    }

    /// Writes the end of the body with trailer fields.
    package static func appendEnd(trailers: borrowing FieldBlock, to output: inout ByteBuffer) {
        output.append("0\r\n")
        output.append(trailers.bytes)
        output.append("\r\n")
    }
}
