import Bytes

/// Confined to its event loop: the head of one response of an upstream; pooled and used again.
///
/// Buffers that accessors return are valid until the next mutation of the head.
@usableFromInline
package final class ResponseHead {
    /// The header fields, whose memory also holds the status line.
    @usableFromInline package let fields: FieldList

    @exclusivity(unchecked) @usableFromInline package internal(set) var status = 0
    @exclusivity(unchecked) @usableFromInline package internal(set) var minorVersion: UInt8 = 1

    /// Whether the upstream takes another request on this connection, if the body does not end with it (RFC 9112 §9.3).
    @exclusivity(unchecked) @usableFromInline package internal(set) var keepsAlive = false

    @exclusivity(unchecked) var reasonSpan = ByteSpan.empty
    /// What Content-Length and Transfer-Encoding ask for, whatever the request was.
    @exclusivity(unchecked) var declaredFraming: BodyFraming?

    package init() {
        fields = FieldList(capacity: 2048, fieldCapacity: 32)
    }

    /// Forgets the response and keeps the memory.
    package func reset() {
        fields.reset()
        status = 0
        minorVersion = 1
        keepsAlive = false
        reasonSpan = .empty
        declaredFraming = nil
    }

    /// The reason phrase as it was sent; often empty.
    package var reason: UnsafeRawBufferPointer { fields.bytes(reasonSpan) }

    /// Whether another response to the same request follows (RFC 9110 §15.2); 101 is the last one.
    @inlinable
    package var isInformational: Bool { status < 200 && status != 101 }

    /// How the body of the response to a request with this method ends (RFC 9112 §6.3).
    package func framing(for method: HTTPMethod) -> BodyFraming {
        if method == .head || status < 200 || status == 204 || status == 304 { return .none }
        return declaredFraming == .length(0) ? .none : declaredFraming ?? .untilClose
    }

    /// What `Content-Length` says, whatever the request was; nil without one.
    package var contentLength: UInt64? {
        switch declaredFraming {
        case .length(let count)?: count
        case BodyFraming.none?: 0
        case .chunked?, .untilClose?, nil: nil
        }
    }

    /// Checks the fields against each other.
    func finish() throws(HTTPParseError) {
        declaredFraming = try fields.framing(minorVersion: minorVersion, allowsRepeatedLength: true)
        let isCurrent = minorVersion >= 1
        keepsAlive = isCurrent
        if fields.contains(.connection) {
            let closes = fields.hasToken(.connection, "close")
            keepsAlive = !closes && (isCurrent || fields.hasToken(.connection, "keep-alive"))
        }
    }
}

@available(*, unavailable)
extension ResponseHead: Sendable {}
