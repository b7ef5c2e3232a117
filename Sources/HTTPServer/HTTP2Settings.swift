import HTTP2

/// What a connection that speaks HTTP/2 may ask for at most.
package struct HTTP2Settings: Sendable, Equatable {
    /// What the client is told at the beginning of its connection.
    package var session: HTTP2SessionSettings
    /// Requests that a client takes back, or makes us break off.
    package var resets: FrameRate
    /// Frames of each kind that carry nothing.
    package var controlFrames: FrameRate

    package init(
        session: HTTP2SessionSettings = HTTP2SessionSettings(),
        resets: FrameRate = FrameRate(count: 1000, nanoseconds: 30_000_000_000),
        controlFrames: FrameRate = FrameRate(count: 1000, nanoseconds: 10_000_000_000)
    ) {
        self.session = session
        self.resets = resets
        self.controlFrames = controlFrames
    }
}

/// So many at once, and then as many again in this time.
package struct FrameRate: Sendable, Equatable {
    package var count: UInt64
    package var nanoseconds: UInt64

    package init(count: UInt64, nanoseconds: UInt64) {
        self.count = max(count, 1)
        self.nanoseconds = nanoseconds
    }

    /// Nanoseconds after which one more is allowed.
    var interval: UInt64 { nanoseconds / count }
}
