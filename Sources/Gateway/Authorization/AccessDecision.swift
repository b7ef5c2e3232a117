/// What a policy says about a principal.
package enum AccessDecision: Sendable, Equatable {
    case allowed
    case refused(AccessRefusal)
}

/// Why a valid token does not open a route.
package enum AccessRefusal: Error, Sendable, Equatable {
    /// The route is closed for everybody.
    case denied
    case issuerNotAllowed
    /// The token is for another resource.
    case wrongAudience
    case insufficientScope
    /// The rule's place in the vocabulary.
    case claimNotAllowed(Int)
}

/// One check of a policy.
package enum AccessCheck: Sendable, Equatable {
    /// One of these places in the vocabulary.
    case issuer(BitSet)
    /// The resource's place in the vocabulary.
    case audience(Int)
    case allScopes(BitSet)
    case anyScope(BitSet)
    /// The rule's place in the vocabulary.
    case claim(Int)
}

/// Sees every step that a decision is made of, so that a decision and its explanation are the same code.
protocol AccessObserver {
    mutating func found(_ credentials: BearerCredentials)
    mutating func authenticated(_ principal: Principal)
    /// Returns `passed`.
    mutating func check(_ check: AccessCheck, _ passed: Bool) -> Bool
}

/// Sees nothing; the compiler leaves nothing of it.
struct SilentObserver: AccessObserver {
    @inline(__always)
    mutating func found(_ credentials: BearerCredentials) {}

    @inline(__always)
    mutating func authenticated(_ principal: Principal) {}

    @inline(__always)
    mutating func check(_ check: AccessCheck, _ passed: Bool) -> Bool { passed }
}
