import Bytes
import HTTP

/// Where a request came from, told to the upstream.
///
/// The buffers must outlive it.
package struct ClientContext {
    /// The peer's address without its port; empty where it has none.
    package let address: UnsafeRawBufferPointer
    /// Whether the peer is one whose `Forwarded` and `X-Forwarded-*` count.
    package let isTrustedProxy: Bool
    package let isSecure: Bool
    package let requestID: RequestID
    /// Whether the client sent a `traceparent` that goes on upstream.
    let continuesTrace: Bool

    package init(
        _ head: RequestHead,
        address: UnsafeRawBufferPointer,
        isTrustedProxy: Bool,
        isSecure: Bool,
        requestID: RequestID
    ) {
        self.address = address
        self.isTrustedProxy = isTrustedProxy
        self.isSecure = isSecure
        self.requestID = requestID
        continuesTrace =
            head.count(of: .traceparent) == 1 && head.value(of: .traceparent).map(TraceContext.isValid) == true
    }

    /// The address of the client itself: the last one in the chain that is not a trusted proxy's own, else the peer.
    package func clientAddress(_ head: RequestHead, _ trusted: TrustedProxies) -> UnsafeRawBufferPointer {
        guard isTrustedProxy else { return address }
        // The parts before an address that is not trusted could be anything.
        var client = address
        for index in 0..<head.fieldCount where head.fieldName(index) == .xForwardedFor {
            for element in FieldTokens(head.value(index)) where !trusted.contains(element) { client = element }
        }
        return client
    }

    /// Appends `X-Forwarded-*`, `Forwarded`, `Via`, `X-Request-Id` and, if a trace starts here, `traceparent`.
    func append(_ head: RequestHead, _ rules: RouteRequestFields, to block: inout ByteBuffer) {
        if rules.sends(.forwardedFor) { appendForwardedFor(head, to: &block) }
        if rules.sends(.forwardedProto) {
            block.append("X-Forwarded-Proto: ")
            block.append(scheme(head))
            block.append("\r\n")
        }
        if rules.sends(.forwardedHost) { appendForwardedHost(head, to: &block) }
        if rules.sends(.forwarded) { appendForwarded(head, to: &block) }
        if rules.sends(.via) { appendVia(head, to: &block) }
        if rules.sends(.requestID) {
            block.append("X-Request-Id: ")
            requestID.append(to: &block)
            block.append("\r\n")
        }
        if rules.sends(.traceparent), !continuesTrace {
            block.append("traceparent: ")
            requestID.appendTraceparent(to: &block)
            block.append("\r\n")
        }
    }

    private func appendForwardedFor(_ head: RequestHead, to block: inout ByteBuffer) {
        block.append("X-Forwarded-For: ")
        let hasEarlier = isTrustedProxy && appendValues(of: .xForwardedFor, head, to: &block)
        if address.isEmpty {
            if !hasEarlier { block.append("unknown") }
        } else {
            if hasEarlier { block.append(", ") }
            block.append(address)
        }
        block.append("\r\n")
    }

    private func appendForwardedHost(_ head: RequestHead, to block: inout ByteBuffer) {
        var host = head.authority
        if isTrustedProxy, let given = head.value(of: .xForwardedHost), !given.isEmpty { host = given }
        guard !host.isEmpty else { return }
        block.append("X-Forwarded-Host: ")
        block.append(host)
        block.append("\r\n")
    }

    /// RFC 7239 §4.
    private func appendForwarded(_ head: RequestHead, to block: inout ByteBuffer) {
        block.append("Forwarded: ")
        if isTrustedProxy, appendValues(of: .forwarded, head, to: &block) { block.append(", ") }
        block.append("for=")
        if address.isEmpty {
            block.append("unknown")
        } else if address.firstOffset(of: UInt8(ascii: ":")) != nil {
            // RFC 7239 §6.1: an IPv6 address stands in brackets and quotes.
            block.append("\"[")
            block.append(address)
            block.append("]\"")
        } else {
            block.append(address)
        }
        if !head.authority.isEmpty {
            block.append(";host=\"")
            block.append(head.authority)
            block.append(byte: UInt8(ascii: "\""))
        }
        block.append(isSecure ? ";proto=https\r\n" : ";proto=http\r\n")
    }

    /// RFC 9110 §7.6.3; earlier members stand in lines of their own before it.
    private func appendVia(_ head: RequestHead, to block: inout ByteBuffer) {
        block.append("Via: ")
        block.append(decimal: Int(head.majorVersion))
        if head.majorVersion == 1 {
            block.append(byte: UInt8(ascii: "."))
            block.append(decimal: Int(head.minorVersion))
        }
        block.append(" gatehouse\r\n")
    }

    private func scheme(_ head: RequestHead) -> StaticString {
        if isTrustedProxy, let given = head.value(of: .xForwardedProto) {
            if given.equalsIgnoringCase("https") { return "https" }
            if given.equalsIgnoringCase("http") { return "http" }
        }
        return isSecure ? "https" : "http"
    }

    /// Appends the values of all fields of a name as one list, and returns whether there were any.
    private func appendValues(of name: FieldName, _ head: RequestHead, to block: inout ByteBuffer) -> Bool {
        var isFirst = true
        var next = head.fields.firstIndex(of: name)
        while let index = next {
            if !head.value(index).isEmpty {
                if !isFirst { block.append(", ") }
                block.append(head.value(index))
                isFirst = false
            }
            next = head.fields.firstIndex(of: name, from: index + 1)
        }
        return !isFirst
    }
}
