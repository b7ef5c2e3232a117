import JWT

extension Grant {
    /// What ends every token of it, for as long as one could be accepted.
    package var revocation: Revocation {
        Revocation(.grant(id: id), expiresAt: tokensExpireAt + Self.longestClockSkew)
    }

    /// Notes that another access token of it was handed out.
    ///
    /// `lastUsedAt` moves once a minute at most, which saves writes.
    package mutating func noteUse(at unixTime: Int64, tokenExpiresAt: Int64) {
        if unixTime - lastUsedAt >= 60 { lastUsedAt = unixTime }
        tokensExpireAt = max(tokensExpireAt, tokenExpiresAt)
    }

    /// The first second in which neither a token nor a refresh token of it can be of use; then it can be forgotten.
    package func endsAt(with family: RefreshFamily?) -> Int64 {
        max(tokensExpireAt + Self.longestClockSkew + 1, family?.expiresAt ?? 0)
    }

    /// How long after its `exp` a token of ours could still be accepted; seconds.
    package static let longestClockSkew: Int64 = 60
}
