import Bytes
import Crypto
import HTTP

/// A client's wish to speak another protocol with the upstream: an `Upgrade` (RFC 9110 §7.8) or an extended CONNECT (RFC 8441).
///
/// The upstream gets an `Upgrade` in both cases. Protocols in which more HTTP requests would follow are never passed on:
/// nobody would check those.
package struct TunnelRequest {
    /// The `Sec-WebSocket-Key` that stands for the client, whose extended CONNECT has none (RFC 8441 §5).
    private let key: [UInt8]?

    /// What a request asks for; nil if that is nothing, or nothing that is passed on.
    package init?(_ head: RequestHead) {
        if head.connectProtocol != nil {
            key = Base64.encode(SecureRandom.bytes(count: 16))
        } else {
            guard head.isUpgrade, TunnelRequest.protocols(of: head.fields, contain: { _ in true }) else { return nil }
            key = nil
        }
    }

    /// Whether the client's handshake is not that of HTTP/1.1, so that the gateway makes one.
    var isTranslated: Bool { key != nil }

    /// Appends the fields that ask the upstream.
    func append(_ head: RequestHead, to block: inout ByteBuffer) {
        block.append("Connection: Upgrade\r\nUpgrade: ")
        guard let key else {
            var isFirst = true
            _ = TunnelRequest.protocols(of: head.fields) { name in
                if !isFirst { block.append(", ") }
                isFirst = false
                block.append(name)
                return false
            }
            return block.append("\r\n")
        }
        block.append("websocket\r\nSec-WebSocket-Key: ")
        block.append(bytes: key)
        block.append("\r\n")
    }

    /// The protocol that the upstream has switched to; nil unless that is what it was asked for.
    func chosenProtocol(_ response: ResponseHead, _ head: RequestHead) -> UnsafeRawBufferPointer? {
        guard let chosen = response.fields.value(of: .upgrade), response.fields.count(of: .upgrade) == 1 else {
            return nil
        }
        guard let key else {
            let isOffered = TunnelRequest.protocols(of: head.fields) { TunnelRequest.isSame($0, chosen) }
            return isOffered ? chosen : nil
        }
        // RFC 6455 §4.1: nobody but the gateway can check the answer to its own key.
        guard chosen.equalsIgnoringCase("websocket"), response.fields.count(of: .secWebSocketAccept) == 1,
            let accept = response.fields.value(of: .secWebSocketAccept),
            accept.elementsEqual(TunnelRequest.accept(of: key))
        else { return nil }
        return chosen
    }

    private static func isSame(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Bool {
        first.elementsEqual(second) { ASCII.lowercased($0) == ASCII.lowercased($1) }
    }

    /// RFC 6455 §4.2.2.
    static func accept(of key: [UInt8]) -> [UInt8] {
        Base64.encode(Digest.sha1(key + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
    }

    /// Whether the condition holds for one of the protocols that may be passed on; asked in order, until it does.
    private static func protocols(
        of fields: FieldList,
        contain condition: (UnsafeRawBufferPointer) -> Bool
    ) -> Bool {
        var next = fields.firstIndex(of: .upgrade)
        while let index = next {
            for name in FieldTokens(fields.value(index)) where !carriesRequests(name) && isProtocol(name) {
                if condition(name) { return true }
            }
            next = fields.firstIndex(of: .upgrade, from: index + 1)
        }
        return false
    }

    /// Whether a protocol is HTTP, or TLS with HTTP in it (RFC 2817), of whatever version.
    private static func carriesRequests(_ name: UnsafeRawBufferPointer) -> Bool {
        let end = name.firstOffset(of: UInt8(ascii: "/")) ?? name.count
        let product = name.slice(0..<end)
        for known: StaticString in ["h2c", "h2", "h3", "http", "https", "tls", "ssl"]
        where product.equalsIgnoringCase(known) {
            return true
        }
        return false
    }

    /// RFC 9110 §7.8: a name, which may have a version.
    private static func isProtocol(_ name: UnsafeRawBufferPointer) -> Bool {
        guard let slash = name.firstOffset(of: UInt8(ascii: "/")) else { return FieldSyntax.isToken(name) }
        return FieldSyntax.isToken(name.slice(0..<slash)) && FieldSyntax.isToken(name.slice((slash + 1)..<name.count))
    }
}
