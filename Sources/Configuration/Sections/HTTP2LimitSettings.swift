/// What a connection that speaks HTTP/2 may ask for at most.
package struct HTTP2LimitSettings: Sendable, Equatable {
    package let concurrentStreams: Int
    package let headerTableSize: UInt64
    package let streamWindow: UInt64
    package let connectionWindow: UInt64
    package let resets: Rate
    package let controlFrames: Rate
}

extension HTTP2LimitSettings: ConfigurationSection {
    static let title = "limits.http2"
    static let summary = """
        Connections that speak HTTP/2. Where a rate is exceeded, the connection ends with ENHANCE_YOUR_CALM. A rate such as
        `1000/30s` is 1000 at once, and then as many again in 30 s.
        """

    init?(_ reader: SectionReader) {
        concurrentStreams = reader.value(
            "concurrent_streams",
            .integer(1...10_000),
            default: 100,
            "The requests under way at once on one connection. A client is told, and one that begins more is cut off."
        )
        headerTableSize = reader.value(
            "header_table_size",
            .size(0...65_536),
            default: "4KiB",
            "The memory of one connection for fields that a client has sent before (HPACK)."
        )
        streamWindow = reader.value(
            "stream_window",
            .size(16_384...16_777_216),
            default: "256KiB",
            "What a client may send of one body before the upstream has taken it."
        )
        connectionWindow = reader.value(
            "connection_window",
            .size(65_536...134_217_728),
            default: "1MiB",
            "The same for all bodies of one connection together."
        )
        resets = reader.value(
            "resets",
            .rate,
            default: "1000/30s",
            "Requests that a client takes back at once, or has the gateway break off by sending what is not allowed."
        )
        controlFrames = reader.value(
            "control_frames",
            .rate,
            default: "1000/10s",
            "Frames of each kind that carry nothing: PING, SETTINGS, PRIORITY, empty DATA and the like."
        )
        if connectionWindow < streamWindow {
            reader.fault("connection_window is less than stream_window", at: "connection_window")
        }
    }
}
