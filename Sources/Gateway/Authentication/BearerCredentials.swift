import Bytes
import HTTP

/// What a request's `Authorization` says (RFC 6750 §2.1, RFC 9110 §11.4), or the subprotocols of a WebSocket handshake.
package enum BearerCredentials {
    /// No field, or another scheme, which is none of the gateway's business.
    case none
    /// The bytes of the token, valid as long as the head is unchanged.
    case token(UnsafeRawBufferPointer)
    case malformed(BearerCredentialsError)

    /// Reads the credentials of a request.
    ///
    /// A token is taken from nowhere else: not from the query, a cookie or the body.
    package init(_ head: RequestHead) {
        if head.fields.contains(.secWebSocketProtocol), WebSocketProtocols.isHandshake(head) {
            self.init(handshake: head)
        } else {
            self.init(authorization: head)
        }
    }

    /// Reads the credentials of a WebSocket handshake, which has them in one place only (RFC 6750 §2).
    private init(handshake head: RequestHead) {
        self.init(authorization: head)
        switch (self, WebSocketProtocols.token(in: head)) {
        case (.malformed, _), (_, .none): break
        case (.token, .token), (.token, .several): self = .malformed(.severalPlaces)
        case (.none, .several): self = .malformed(.severalTokens)
        case (.none, .token(let token)) where token.isEmpty: self = .malformed(.noToken)
        // RFC 6455 §4.1: a subprotocol is a token of HTTP.
        case (.none, .token(let token)): self = FieldSyntax.isToken(token) ? .token(token) : .malformed(.severalTokens)
        }
    }

    private init(authorization head: RequestHead) {
        guard let index = head.fields.firstIndex(of: .authorization) else {
            self = .none
            return
        }
        guard head.fields.firstIndex(of: .authorization, from: index + 1) == nil else {
            self = .malformed(.repeatedField)
            return
        }
        self.init(value: head.value(index))
    }

    /// Reads the value of one `Authorization` field.
    package init(value: UnsafeRawBufferPointer) {
        guard BearerCredentials.isBearer(value) else {
            self = .none
            return
        }
        let rest = value.slice(6..<value.count)
        guard let separator = rest.first else {
            self = .malformed(.noToken)
            return
        }
        // RFC 9110 §11.4: scheme and token are parted by spaces, nothing else.
        var start = 0
        while start < rest.count, rest[start] == UInt8(ascii: " ") { start &+= 1 }
        let token = rest.slice(start..<rest.count)
        if token.isEmpty {
            self = .malformed(.noToken)
        } else if separator != UInt8(ascii: " ") {
            self = .malformed(.malformedScheme)
        } else if BearerCredentials.holdsSeparator(token) {
            self = .malformed(.severalTokens)
        } else {
            self = .token(token)
        }
    }

    /// Whether a value is of the Bearer scheme, in any case, well-formed or not.
    package static func isBearer(_ value: UnsafeRawBufferPointer) -> Bool {
        guard value.count >= 6, value.slice(0..<6).equalsIgnoringCase("bearer") else { return false }
        return value.count == 6 || !FieldSyntax.isToken(value.slice(6..<7))
    }

    /// Whether a space, a tab or a comma is among the bytes; looks at eight of them at a time, as tokens are long.
    private static func holdsSeparator(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index &+ 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if hasZero(word ^ spaces) || hasZero(word ^ tabs) || hasZero(word ^ commas) { return true }
            index &+= 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: " ") || byte == 0x09 || byte == UInt8(ascii: ",") { return true }
            index &+= 1
        }
        return false
    }

    @inline(__always)
    private static func hasZero(_ word: UInt64) -> Bool {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0
    }

    private static let spaces: UInt64 = 0x2020_2020_2020_2020
    private static let tabs: UInt64 = 0x0909_0909_0909_0909
    private static let commas: UInt64 = 0x2C2C_2C2C_2C2C_2C2C
}

/// How an `Authorization` field breaks the syntax of RFC 6750 §2.1.
package enum BearerCredentialsError: Error, Equatable, Sendable {
    case repeatedField
    case noToken
    case severalTokens
    case malformedScheme
    case severalPlaces

    /// What the client is told.
    package var description: StaticString {
        switch self {
        case .repeatedField: "There is more than one Authorization field"
        case .noToken: "Bearer is not followed by a token"
        case .severalTokens: "Bearer is followed by more than one token"
        case .malformedScheme: "Bearer and the token are not parted by a space"
        case .severalPlaces: "There is a token in Authorization and another one among the subprotocols"
        }
    }
}
