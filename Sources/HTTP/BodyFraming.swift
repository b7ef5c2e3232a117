/// How the end of a message body is found (RFC 9112 §6.3).
@usableFromInline
package enum BodyFraming: Equatable, Sendable {
    /// There is no body.
    case none
    /// The body has this many bytes; more than none.
    case length(UInt64)
    /// The body is a sequence of chunks, or HTTP/2 data of unknown length.
    case chunked
    /// The body ends with the connection; only responses.
    case untilClose
}
