/// A token or a grant that was revoked.
package struct Revocation: Sendable, Hashable {
    /// What was revoked.
    package enum Subject: Sendable, Hashable {
        /// One token, by its issuer and `jti`.
        case token(issuer: String, id: String)
        /// All tokens of one grant of ours.
        case grant(id: String)
    }

    package let subject: Subject
    /// The last second in which a token it concerns could be accepted; after that it can be forgotten.
    package let expiresAt: Int64

    package init(_ subject: Subject, expiresAt: Int64) {
        self.subject = subject
        self.expiresAt = expiresAt
    }
}

/// What was revoked and could still be presented: an exact set, kept in memory.
package struct RevocationList: Sendable, Equatable {
    private var expiries: [Revocation.Subject: Int64] = [:]

    package init() {}

    package init(_ revocations: some Sequence<Revocation>) {
        for revocation in revocations { insert(revocation) }
    }

    /// How many entries it has.
    package var count: Int { expiries.count }

    package var isEmpty: Bool { expiries.isEmpty }

    /// All entries, in no order.
    package var revocations: [Revocation] {
        expiries.map { Revocation($0.key, expiresAt: $0.value) }
    }

    /// Adds a revocation; of two for the same subject, the later expiry counts.
    package mutating func insert(_ revocation: Revocation) {
        expiries[revocation.subject] = max(revocation.expiresAt, expiries[revocation.subject] ?? .min)
    }

    /// Whether it has this subject.
    package func contains(_ subject: Revocation.Subject) -> Bool {
        expiries[subject] != nil
    }

    /// Whether this token or its grant was revoked.
    package func contains(_ token: VerifiedToken) -> Bool {
        guard !expiries.isEmpty else { return false }
        if let tokenID = token.tokenID, contains(.token(issuer: token.issuer, id: tokenID)) { return true }
        // Only our own tokens have grants; a `gid` that another issuer writes means something else.
        guard token.isOwn, let grantID = token.grantID else { return false }
        return contains(.grant(id: grantID))
    }

    /// Forgets what no token can need any more.
    package mutating func prune(at unixTime: Int64) {
        expiries = expiries.filter { $0.value >= unixTime }
    }
}
