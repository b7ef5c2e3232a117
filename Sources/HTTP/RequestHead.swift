import Bytes

/// Confined to its event loop: the head of one request, checked and taken apart; pooled and used again.
///
/// Buffers that accessors return are valid until the next mutation of the head.
@usableFromInline
package final class RequestHead {
    /// The header fields, whose memory also holds the request line and what was derived from it.
    @usableFromInline package let fields: FieldList

    @exclusivity(unchecked) @usableFromInline var line = RequestLine()
    @exclusivity(unchecked) @usableFromInline var semantics = RequestSemantics()

    package init() {
        fields = FieldList(capacity: 2048, fieldCapacity: 32)
    }

    /// Forgets the request and keeps the memory.
    package func reset() {
        fields.reset()
        line = RequestLine()
        semantics = RequestSemantics()
    }

    /// Gives back the memory that the request does not use, where it may last for hours.
    package func releaseUnusedStorage() { fields.releaseUnusedStorage() }

    @inlinable
    package var method: HTTPMethod { line.method }

    /// The method as it was sent.
    @inlinable
    package var methodBytes: UnsafeRawBufferPointer { fields.bytes(line.methodSpan) }

    /// The request-target as it was sent.
    @inlinable
    package var target: UnsafeRawBufferPointer { fields.bytes(line.target) }

    @inlinable
    package var targetForm: TargetForm { line.form }

    /// The path in its normal spelling, by which it is matched and forwarded; `*` for `OPTIONS *`, empty for CONNECT.
    @inlinable
    package var path: UnsafeRawBufferPointer { fields.bytes(line.path) }

    /// The query as it was sent, without its `?`.
    @inlinable
    package var query: UnsafeRawBufferPointer? { line.hasQuery ? fields.bytes(line.query) : nil }

    /// Whether the path holds `;` or `%3B`.
    @inlinable
    package var hasPathParameters: Bool { line.hasPathParameters }

    @inlinable
    package var majorVersion: UInt8 { line.majorVersion }

    @inlinable
    package var minorVersion: UInt8 { line.minorVersion }

    /// The authority that the request is for, as it was sent; empty if an HTTP/1.0 client named none.
    @inlinable
    package var authority: UnsafeRawBufferPointer { fields.bytes(semantics.authority) }

    /// The host in the authority, in lower case, without the port and without a dot at its end.
    @inlinable
    package var host: UnsafeRawBufferPointer { fields.bytes(semantics.host) }

    /// The port in the authority.
    @inlinable
    package var port: UInt16? { semantics.port }

    @inlinable
    package var framing: BodyFraming { semantics.framing }

    /// Whether the client takes another response on this connection (RFC 9112 §9.3).
    @inlinable
    package var keepsAlive: Bool { semantics.keepsAlive }

    /// Whether the client waits for `100 (Continue)` before it sends the body (RFC 9110 §10.1.1).
    @inlinable
    package var expectsContinue: Bool { semantics.expectsContinue }

    /// Whether the client asks to switch protocols (RFC 9110 §7.8).
    @inlinable
    package var isUpgrade: Bool { semantics.isUpgrade }

    /// The `:protocol` of an extended CONNECT (RFC 8441 §4); nil for every other request.
    @inlinable
    package var connectProtocol: UnsafeRawBufferPointer? { line.connectProtocol.map { fields.bytes($0) } }
}

extension RequestHead {
    @inlinable
    package var fieldCount: Int { fields.count }

    @inlinable
    package func name(_ index: Int) -> UnsafeRawBufferPointer { fields.name(index) }

    @inlinable
    package func value(_ index: Int) -> UnsafeRawBufferPointer { fields.value(index) }

    @inlinable
    package func fieldName(_ index: Int) -> FieldName { fields.fieldName(index) }

    @inlinable
    package func foldedHash(_ index: Int) -> UInt32 { fields.foldedHash(index) }

    @inlinable
    package func value(of name: FieldName) -> UnsafeRawBufferPointer? { fields.value(of: name) }

    @inlinable
    package func count(of name: FieldName) -> Int { fields.count(of: name) }

    /// Whether the list that all fields of this name make contains a token, in any case (RFC 9110 §5.6.1).
    package func hasToken(_ name: FieldName, _ lowercaseToken: StaticString) -> Bool {
        fields.hasToken(name, lowercaseToken)
    }
}

/// What the request line says; spans are of the memory of the head's fields.
@usableFromInline
struct RequestLine {
    @usableFromInline var method = HTTPMethod.other
    @usableFromInline var form = TargetForm.origin
    @usableFromInline var majorVersion: UInt8 = 1
    @usableFromInline var minorVersion: UInt8 = 1
    @usableFromInline var hasQuery = false
    @usableFromInline var hasPathParameters = false
    @usableFromInline var methodSpan = ByteSpan.empty
    @usableFromInline var target = ByteSpan.empty
    @usableFromInline var path = ByteSpan.empty
    @usableFromInline var query = ByteSpan.empty
    /// The authority of an absolute-form target, or of HTTP/2.
    @usableFromInline var authority: ByteSpan?
    @usableFromInline var defaultPort: UInt16?
    /// The `:protocol` of an extended CONNECT.
    @usableFromInline var connectProtocol: ByteSpan?

    @usableFromInline init() {}

    mutating func set(_ target: RequestTarget) {
        form = target.form
        path = target.path
        hasQuery = target.query != nil
        query = target.query ?? .empty
        hasPathParameters = target.hasPathParameters
        authority = target.authority
        defaultPort = target.defaultPort
    }
}

/// What the fields say about the message as a whole.
@usableFromInline
struct RequestSemantics {
    @usableFromInline var authority = ByteSpan.empty
    @usableFromInline var host = ByteSpan.empty
    @usableFromInline var port: UInt16?
    @usableFromInline var framing = BodyFraming.none
    @usableFromInline var keepsAlive = false
    @usableFromInline var expectsContinue = false
    @usableFromInline var isUpgrade = false

    @usableFromInline init() {}
}

@available(*, unavailable)
extension RequestHead: Sendable {}
