import Bytes
import HTTP

/// What becomes of a client's field.
enum FieldAction: UInt8, Sendable {
    case keep
    /// It is for this connection only, set by the gateway, or nothing that an upstream should hear from a client.
    case drop
    case cookie
    case authorization
    /// Passes where the route takes it.
    case methodOverride
    /// Passes if it is the one expectation that there is (RFC 9110 §10.1.1).
    case expectation
    /// Passes if a trusted proxy sent it.
    case proxied
    /// Passes if none of the trailers that it announces is left out.
    case trailerNames
    /// Passes if the trace goes on.
    case tracing
    /// Passes without the token that may be in it.
    case webSocketProtocols
    /// Passes unless the gateway makes the handshake.
    case webSocketKey

    init(_ name: FieldName) {
        self =
            switch name {
            // RFC 9110 §6.6.2: Trailer describes the message, which goes on with its trailers.
            case .trailer: .trailerNames
            case _ where name.isHopByHop: .drop
            case .host, .contentLength, .proxy, .xOriginalURL, .xRewriteURL: .drop
            case .forwarded, .xForwardedFor, .xForwardedHost, .xForwardedProto, .xRequestID: .drop
            case .xForwardedPort, .xForwardedPrefix, .xForwardedServer, .xRealIP: .proxied
            case .xHTTPMethod, .xHTTPMethodOverride, .xMethodOverride: .methodOverride
            case .traceparent, .tracestate: .tracing
            case .secWebSocketProtocol: .webSocketProtocols
            case .secWebSocketKey: .webSocketKey
            case .cookie: .cookie
            case .authorization: .authorization
            case .expect: .expectation
            default: .keep
            }
    }

    /// Whether a name starts with `X-Forwarded-`, in any spelling.
    static func isOfForwardedFamily(_ name: UnsafeRawBufferPointer) -> Bool {
        let prefix: StaticString = "x-forwarded-"
        guard name.count > prefix.utf8CodeUnitCount, name[0] | 0x20 == UInt8(ascii: "x") else { return false }
        return prefix.withUTF8Buffer {
            FieldSyntax.foldedEqual(name.slice(0..<$0.count), UnsafeRawBufferPointer($0))
        }
    }
}
