import Bytes
import HTTP

/// The subprotocols that a WebSocket handshake offers (RFC 6455 §11.3.4), one of which may be a token.
///
/// A script can set no field of a handshake but this one, so it offers `bearer.TOKEN` beside what it wants to speak. No
/// upstream ever sees it.
enum WebSocketProtocols {
    /// What a handshake's subprotocols hold of tokens.
    enum Offer {
        case none
        /// The bytes of the token, valid as long as the head is unchanged.
        case token(UnsafeRawBufferPointer)
        case several
    }

    /// Whether a request is the handshake of a WebSocket (RFC 6455 §4.1, RFC 8441 §5).
    static func isHandshake(_ head: RequestHead) -> Bool {
        if let name = head.connectProtocol { return name.equalsIgnoringCase("websocket") }
        return head.isUpgrade && head.hasToken(.upgrade, "websocket")
    }

    /// Looks for a token among the subprotocols.
    static func token(in head: RequestHead) -> Offer {
        var found: UnsafeRawBufferPointer?
        var next = head.fields.firstIndex(of: .secWebSocketProtocol)
        while let index = next {
            for name in FieldTokens(head.value(index)) where isToken(name) {
                guard found == nil else { return .several }
                found = name.slice(prefixCount..<name.count)
            }
            next = head.fields.firstIndex(of: .secWebSocketProtocol, from: index + 1)
        }
        return found.map { .token($0) } ?? .none
    }

    /// The first subprotocol, if all that are offered are tokens.
    ///
    /// A browser breaks off unless one of those that it offered is chosen, and an upstream that is offered none chooses none.
    static func onlyToken(in head: RequestHead) -> UnsafeRawBufferPointer? {
        var first: UnsafeRawBufferPointer?
        var next = head.fields.firstIndex(of: .secWebSocketProtocol)
        while let index = next {
            for name in FieldTokens(head.value(index)) {
                guard isToken(name) else { return nil }
                first = first ?? name
            }
            next = head.fields.firstIndex(of: .secWebSocketProtocol, from: index + 1)
        }
        return first
    }

    /// Appends a field with the subprotocols that are no tokens; none if there are no others.
    static func appendOthers(_ fields: FieldList, _ index: Int, to block: inout ByteBuffer) {
        let value = fields.value(index)
        var holdsToken = false
        for name in FieldTokens(value) where isToken(name) { holdsToken = true }
        guard holdsToken else { return FieldLine.append(fields, index, to: &block) }
        var isFirst = true
        for name in FieldTokens(value) where !isToken(name) {
            block.append(isFirst ? "Sec-WebSocket-Protocol: " : ", ")
            block.append(name)
            isFirst = false
        }
        if !isFirst { block.append("\r\n") }
    }

    /// Whether a subprotocol is a token, in whatever case its prefix is: a look-alike goes nowhere either.
    private static func isToken(_ name: UnsafeRawBufferPointer) -> Bool {
        name.count >= prefixCount && name.slice(0..<prefixCount).equalsIgnoringCase("bearer.")
    }

    private static let prefixCount = 7
}
