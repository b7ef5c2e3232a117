/// A browser in which a user has signed in.
package struct BrowserSession: Sendable, Equatable {
    /// SHA-256 of the cookie's value, which is 256 random bits.
    package var idHash: [UInt8]
    package var userName: String
    /// When the user signed in last; seconds since 1970.
    package var authenticatedAt: Int64
    /// Seconds since 1970.
    package var createdAt: Int64
    /// To the minute; seconds since 1970.
    package var lastSeenAt: Int64
    /// What the browser calls itself, for its owner to recognise; cut at 200 characters.
    package var userAgent: String

    package init(
        idHash: [UInt8],
        userName: String,
        authenticatedAt: Int64,
        createdAt: Int64,
        lastSeenAt: Int64? = nil,
        userAgent: String
    ) {
        self.idHash = idHash
        self.userName = userName
        self.authenticatedAt = authenticatedAt
        self.createdAt = createdAt
        self.lastSeenAt = lastSeenAt ?? createdAt
        self.userAgent = userAgent
    }
}

extension BrowserSession {
    /// How many a user can have: the next one ends the one that was not seen for longest.
    package static let limitPerUser = 50
}

/// Until when a session counts.
package struct SessionLifetime: Sendable, Equatable {
    /// Seconds between two uses.
    package var idle: Int64
    /// Seconds from log-in.
    package var absolute: Int64

    package init(idle: Int64, absolute: Int64) {
        self.idle = idle
        self.absolute = absolute
    }

    /// Whether the session still counts at a time.
    package func covers(_ session: BrowserSession, at unixTime: Int64) -> Bool {
        unixTime < session.lastSeenAt + idle + Self.precision && unixTime < session.authenticatedAt + absolute
    }

    /// How far `lastSeenAt` may lag: a session that is in use must not end between two notes of it; seconds.
    package static let precision: Int64 = 60
}
