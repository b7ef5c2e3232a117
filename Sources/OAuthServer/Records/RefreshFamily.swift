import JWT

/// All refresh tokens of one grant, as one row: the token of generation *n* is an HMAC, so nothing secret is stored.
package struct RefreshFamily: Sendable, Equatable {
    /// 16 random bytes.
    package var id: [UInt8]
    package var grantID: String
    /// The generation of the token that is good now; the first is 0.
    package var generation: UInt32
    /// When the token of this generation was made; seconds since 1970.
    package var rotatedAt: Int64
    /// It must be used before this; seconds since 1970.
    package var idleExpiresAt: Int64
    /// It ends then, however often it is used; seconds since 1970.
    package var absoluteExpiresAt: Int64

    package init(
        id: [UInt8],
        grantID: String,
        generation: UInt32 = 0,
        rotatedAt: Int64,
        idleExpiresAt: Int64,
        absoluteExpiresAt: Int64
    ) {
        self.id = id
        self.grantID = grantID
        self.generation = generation
        self.rotatedAt = rotatedAt
        self.idleExpiresAt = idleExpiresAt
        self.absoluteExpiresAt = absoluteExpiresAt
    }
}

/// A presented refresh token's place in its family, and the times that decide about it.
package struct RefreshPresentation: Sendable, Equatable {
    package var familyID: [UInt8]
    package var generation: UInt32
    /// Seconds since 1970.
    package var time: Int64
    /// Seconds in which the token before the current one still gets the current one.
    package var reuseInterval: Int64
    /// Seconds between two uses.
    package var idleLifetime: Int64
    /// The `exp` of the access token that goes with the answer.
    package var tokenExpiresAt: Int64

    package init(
        familyID: [UInt8],
        generation: UInt32,
        time: Int64,
        reuseInterval: Int64,
        idleLifetime: Int64,
        tokenExpiresAt: Int64
    ) {
        self.familyID = familyID
        self.generation = generation
        self.time = time
        self.reuseInterval = reuseInterval
        self.idleLifetime = idleLifetime
        self.tokenExpiresAt = tokenExpiresAt
    }
}

/// What became of presenting a refresh token (RFC 9700 §4.14.2).
package enum RefreshRotation: Sendable, Equatable {
    /// The family has moved on; its generation is the successor's.
    case rotated(RefreshFamily, Grant)
    /// It was presented before, within the reuse interval: the same successor again.
    case repeated(RefreshFamily, Grant)
    /// It was used up long ago: the grant with its family is revoked now.
    case reused(grant: Grant, revocation: Revocation)
    /// The family has ended.
    case expired
    /// There is no such family, or it has no such generation.
    case unknown
}
