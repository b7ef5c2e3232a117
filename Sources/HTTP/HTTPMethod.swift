import Bytes

/// A request method (RFC 9110 §9.1); `other` stands for every token without a case of its own.
@usableFromInline
package enum HTTPMethod: UInt8, Sendable, CaseIterable {
    case get
    case head
    case post
    case put
    case delete
    case connect
    case options
    case trace
    case patch
    case other

    /// The method with this spelling; methods are case-sensitive, so `get` is `other`.
    package init(_ spelling: UnsafeRawBufferPointer) {
        guard spelling.count <= 7 else {
            self = .other
            return
        }
        var word: UInt64 = 0
        for byte in spelling { word = word << 8 | UInt64(byte) }
        self =
            switch word {
            case 0x47_4554: .get
            case 0x4845_4144: .head
            case 0x504F_5354: .post
            case 0x50_5554: .put
            case 0x4445_4C45_5445: .delete
            case 0x43_4F4E_4E45_4354: .connect
            case 0x4F_5054_494F_4E53: .options
            case 0x54_5241_4345: .trace
            case 0x50_4154_4348: .patch
            default: .other
            }
    }

    /// Whether repeating the request does no more than sending it once (RFC 9110 §9.2.2).
    @inlinable
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .connect, .patch, .other: false
        }
    }

    /// The spelling on the wire; empty for `other`.
    package var spelling: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .connect: "CONNECT"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .patch: "PATCH"
        case .other: ""
        }
    }
}
