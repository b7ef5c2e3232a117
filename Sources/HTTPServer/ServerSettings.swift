import HTTP

/// Limits and time-outs of the server; times are nanoseconds.
package struct ServerSettings: Sendable {
    package var headLimits: HTTPLimits
    /// From the first byte of a head, or of a new connection, to its end; also for the TLS handshake.
    package var headerTimeout: UInt64
    /// How long a connection may rest between requests, and how long a reader may take nothing.
    package var idleTimeout: UInt64
    /// The slowest request body in bytes a second, looked at every `bodyRateWindow`.
    package var bodyMinimumRate: UInt64
    package var bodyRateWindow: UInt64
    package var http2: HTTP2Settings

    package init(
        headLimits: HTTPLimits = HTTPLimits(),
        headerTimeout: UInt64 = 10_000_000_000,
        idleTimeout: UInt64 = 75_000_000_000,
        bodyMinimumRate: UInt64 = 500,
        bodyRateWindow: UInt64 = 10_000_000_000,
        http2: HTTP2Settings = HTTP2Settings()
    ) {
        self.headLimits = headLimits
        self.headerTimeout = headerTimeout
        self.idleTimeout = idleTimeout
        self.bodyMinimumRate = bodyMinimumRate
        self.bodyRateWindow = bodyRateWindow
        self.http2 = http2
    }
}
