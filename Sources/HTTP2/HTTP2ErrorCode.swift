/// Why a stream or a connection ends (RFC 9113 §7).
package struct HTTP2ErrorCode: RawRepresentable, Equatable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static let none = HTTP2ErrorCode(rawValue: 0)
    package static let protocolError = HTTP2ErrorCode(rawValue: 1)
    package static let internalError = HTTP2ErrorCode(rawValue: 2)
    package static let flowControlError = HTTP2ErrorCode(rawValue: 3)
    package static let settingsTimeout = HTTP2ErrorCode(rawValue: 4)
    package static let streamClosed = HTTP2ErrorCode(rawValue: 5)
    package static let frameSizeError = HTTP2ErrorCode(rawValue: 6)
    /// The stream was not looked at: it may be sent again (RFC 9113 §8.7).
    package static let refusedStream = HTTP2ErrorCode(rawValue: 7)
    package static let cancel = HTTP2ErrorCode(rawValue: 8)
    package static let compressionError = HTTP2ErrorCode(rawValue: 9)
    package static let connectError = HTTP2ErrorCode(rawValue: 10)
    package static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 11)
    package static let inadequateSecurity = HTTP2ErrorCode(rawValue: 12)
    package static let http11Required = HTTP2ErrorCode(rawValue: 13)
}

/// Why a session is of no use any more; `HTTP2Session.receive` throws it.
package enum HTTP2SessionError: Error, Equatable, Sendable {
    /// The client's first bytes are not those of HTTP/2 (RFC 9113 §3.4).
    case badPreface
    /// The peer makes us answer frames and does not read the answers.
    case flooded
    /// A field block has more CONTINUATION frames than it may have.
    case tooManyContinuations
    /// The library is out of memory or broken.
    case failed
}

/// The kind of a frame (RFC 9113 §6); others are unknown and ignored.
package enum HTTP2FrameType: UInt8, Sendable {
    case data = 0
    case headers = 1
    case priority = 2
    case resetStream = 3
    case settings = 4
    case pushPromise = 5
    case ping = 6
    case goaway = 7
    case windowUpdate = 8
    case continuation = 9
    case unknown = 255
}

/// The first nine bytes of a frame that the peer sends (RFC 9113 §4.1).
package struct HTTP2FrameHeader: Sendable {
    package let type: HTTP2FrameType
    package let flags: UInt8
    package let streamID: Int32
    /// Bytes of payload.
    package let length: Int

    /// Whether the flag is set that acknowledges a SETTINGS or PING frame.
    package var isAcknowledgement: Bool { flags & 1 != 0 }

    /// Whether this is the last frame of its sender on the stream; of DATA and HEADERS.
    package var endsStream: Bool { flags & 1 != 0 }

    /// Whether the payload has padding; of DATA and HEADERS.
    package var isPadded: Bool { flags & 8 != 0 }

    /// Whether this is a SETTINGS frame with more in it than any peer has to say, which takes time for each stream.
    package var hasTooManySettings: Bool { type == .settings && length > 32 * 6 }

    package init(type: HTTP2FrameType, flags: UInt8 = 0, streamID: Int32 = 0, length: Int = 0) {
        self.type = type
        self.flags = flags
        self.streamID = streamID
        self.length = length
    }
}
