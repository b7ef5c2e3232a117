import Bytes
import Crypto
import HTTP
import JWT

/// Confined to its event loop: finds out who sent a request.
///
/// Verified tokens are remembered, so that a repeated one costs a lookup. Each hit still checks the expiry; revocations
/// are looked up again only after the list has changed, and new keys forget everything.
package final class Authenticator {
    private let vocabulary: AccessVocabulary
    private var verifier: TokenVerifier
    private var revocations: RevocationList
    private var revocationGeneration: UInt64 = 0
    private let cache: VerifiedTokenCache<CachedPrincipal>

    /// An authenticator for one loop and one configuration.
    ///
    /// - Parameters:
    ///   - capacity: how many tokens are remembered.
    ///   - byteLimit: how many bytes their texts may have together.
    package init(
        verifier: TokenVerifier,
        vocabulary: AccessVocabulary,
        revocations: RevocationList,
        capacity: Int,
        byteLimit: Int
    ) {
        self.verifier = verifier
        self.vocabulary = vocabulary
        self.revocations = revocations
        cache = VerifiedTokenCache(
            capacity: capacity,
            byteLimit: byteLimit,
            seed: TokenHashSeed(SecureRandom.number(), SecureRandom.number())
        )
    }

    /// Who sent a request; nil if it has no credentials.
    package func authenticate(
        _ head: RequestHead,
        at unixTime: Int64
    ) throws(AuthenticationError) -> Principal? {
        try authenticate(BearerCredentials(head), at: unixTime)
    }

    /// Whom credentials speak for; nil if there are none.
    func authenticate(
        _ credentials: BearerCredentials,
        at unixTime: Int64
    ) throws(AuthenticationError) -> Principal? {
        switch credentials {
        case .none: return nil
        case .malformed(let error): throw .malformedCredentials(error)
        case .token(let token): return try authenticate(token: token, at: unixTime)
        }
    }

    /// Whom a token speaks for.
    package func authenticate(
        token: UnsafeRawBufferPointer,
        at unixTime: Int64
    ) throws(AuthenticationError) -> Principal {
        if let cached = cache.value(for: token) {
            if isGood(cached, at: unixTime) { return cached.principal }
            cache.remove(token)
        }
        let principal: Principal
        do throws(TokenRefusal) {
            principal = Principal(try verifier.verify(token, at: unixTime), vocabulary)
        } catch {
            throw .refused(error)
        }
        guard !revocations.contains(principal.token) else { throw .refused(.revoked) }
        cache.insert(CachedPrincipal(principal, revocationGeneration), for: token)
        return principal
    }

    /// Takes over a new list; tokens that it names are refused from the next request on.
    package func update(revocations: RevocationList) {
        self.revocations = revocations
        revocationGeneration &+= 1
    }

    /// Takes over new keys; every token is verified again.
    package func update(verifier: TokenVerifier) {
        self.verifier = verifier
        cache.removeAll()
    }

    /// Forgets every token: requests that have been let in go on, no others will come.
    package func retire() {
        cache.removeAll()
    }

    /// Whether a principal whose token was good when its request began may go on, for open streams.
    package func isStillGood(_ principal: Principal, at unixTime: Int64) -> Bool {
        unixTime <= principal.token.expiresAt && !revocations.contains(principal.token)
            && verifier.hasKey(of: principal.token)
    }

    private func isGood(_ cached: CachedPrincipal, at unixTime: Int64) -> Bool {
        guard unixTime <= cached.principal.token.expiresAt else { return false }
        if cached.checkedGeneration == revocationGeneration { return true }
        guard !revocations.contains(cached.principal.token) else { return false }
        cached.checkedGeneration = revocationGeneration
        return true
    }
}

/// Confined to its event loop: a principal and the revocation list that it was last held against.
final class CachedPrincipal {
    let principal: Principal
    fileprivate(set) var checkedGeneration: UInt64

    init(_ principal: Principal, _ generation: UInt64) {
        self.principal = principal
        checkedGeneration = generation
    }
}

/// Why credentials that were sent are not taken.
package enum AuthenticationError: Error, Equatable, Sendable {
    case malformedCredentials(BearerCredentialsError)
    case refused(TokenRefusal)
}

@available(*, unavailable)
extension Authenticator: Sendable {}
@available(*, unavailable)
extension CachedPrincipal: Sendable {}
