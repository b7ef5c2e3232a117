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
    case issuer
    /// The resource's place in the vocabulary.
    case audience(Int)
    case allScopes
    case anyScope
    /// The rule's place in the vocabulary.
    case claim(Int)
}

/// Sees every check that a decision is made of, so that a decision and its explanation are the same code.
protocol AccessObserver {
    /// Returns `passed`.
    mutating func check(_ check: AccessCheck, _ passed: Bool) -> Bool
}

/// Sees nothing; the compiler leaves nothing of it.
struct SilentObserver: AccessObserver {
    @inline(__always)
    mutating func check(_ check: AccessCheck, _ passed: Bool) -> Bool { passed }
}

/// Keeps the checks in their order.
struct RecordingObserver: AccessObserver {
    private(set) var checks: [(check: AccessCheck, passed: Bool)] = []

    mutating func check(_ check: AccessCheck, _ passed: Bool) -> Bool {
        checks.append((check, passed))
        return passed
    }
}
