/// What has to become of a presented refresh token; the same in every store.
package enum RefreshDecision: Sendable, Equatable {
    /// It is the current one: the family as it is after it.
    case rotate(RefreshFamily)
    /// It is the one before the current one, presented again in time: the same successor again.
    case repeatSuccessor
    /// It was used up: someone else has a copy, so the grant ends (RFC 9700 §4.14.2).
    case revoke
    /// The family has ended.
    case expired
    /// The family never had this generation.
    case unknown
}

extension RefreshFamily {
    /// Decides about a token of this family.
    package func decision(about presentation: RefreshPresentation) -> RefreshDecision {
        guard presentation.generation <= generation else { return .unknown }
        guard presentation.time < expiresAt else { return .expired }
        if presentation.generation == generation {
            // A family that has no number left has ended; at one rotation a second that is after 136 years.
            guard generation < .max else { return .expired }
            var next = self
            next.generation += 1
            next.rotatedAt = presentation.time
            next.idleExpiresAt = min(presentation.time + presentation.idleLifetime, absoluteExpiresAt)
            return .rotate(next)
        }
        let isPrevious = presentation.generation + 1 == generation
        return isPrevious && presentation.time - rotatedAt < presentation.reuseInterval ? .repeatSuccessor : .revoke
    }

    /// When its current token is of no use any more; seconds since 1970.
    package var expiresAt: Int64 { min(idleExpiresAt, absoluteExpiresAt) }
}
