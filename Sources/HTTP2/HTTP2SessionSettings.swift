/// What we tell the peer of a session at its beginning (RFC 9113 §6.5.2).
package struct HTTP2SessionSettings: Sendable, Equatable {
    /// How many streams the peer may have open; servers only.
    package var concurrentStreams: UInt32
    /// Bytes that the peer may send on a stream before they are consumed.
    package var streamWindow: UInt32
    /// Bytes that the peer may send on all streams together before they are consumed; at least 65,535.
    package var connectionWindow: UInt32
    /// Bytes of the table by which the peer compresses fields (RFC 7541 §4.2).
    package var headerTableSize: UInt32
    /// The largest field section that we take, as a hint to the peer.
    package var headerListSize: UInt32
    /// Whether CONNECT with `:protocol` is understood (RFC 8441 §3); servers only.
    package var connectProtocol: Bool

    package init(
        concurrentStreams: UInt32 = 100,
        streamWindow: UInt32 = 256 << 10,
        connectionWindow: UInt32 = 1 << 20,
        headerTableSize: UInt32 = 4096,
        headerListSize: UInt32 = 40 << 10,
        connectProtocol: Bool = true
    ) {
        self.concurrentStreams = concurrentStreams
        self.streamWindow = min(streamWindow, UInt32(Int32.max))
        self.connectionWindow = min(max(connectionWindow, 65_535), UInt32(Int32.max))
        self.headerTableSize = headerTableSize
        self.headerListSize = headerListSize
        self.connectProtocol = connectProtocol
    }
}
