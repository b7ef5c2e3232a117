import Bytes
import Crypto
import JWT

/// The OAuth 2.0 authorization server and OpenID provider, without HTTP: requests are parameters, answers are values.
///
/// Each endpoint is an extension in a file of its own. It has no state but the store's and the limiter's, so a reload makes
/// a new one with the same limiter.
package struct AuthorizationServer: Sendable {
    package let definition: AuthorizationServerDefinition
    package let clients: ClientDirectory
    let store: any AuthorizationStore
    let minting: any TokenMinting
    let revocations: any RevocationSink
    let audit: any AuditSink
    let clientFailures: ClientFailureLimiter
    /// Makes refresh tokens from their family and generation.
    let refreshKey: HMACKey
    /// The time in seconds since 1970.
    let clock: @Sendable () -> Int64
    /// That many random bytes.
    let random: @Sendable (Int) -> [UInt8]
    let countTokens: @Sendable (OAuthClient.GrantType) -> Void

    /// - Parameter clientFailures: the one of this process.
    /// - Parameter countTokens: called for each answer that carries tokens; must not block.
    package init(
        definition: AuthorizationServerDefinition,
        store: any AuthorizationStore,
        clients: ClientDirectory,
        minting: any TokenMinting,
        revocations: any RevocationSink,
        audit: any AuditSink,
        clientFailures: ClientFailureLimiter,
        refreshKey: HMACKey,
        clock: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable (Int) -> [UInt8] = SecureRandom.bytes(count:),
        countTokens: @escaping @Sendable (OAuthClient.GrantType) -> Void = { _ in }
    ) {
        self.definition = definition
        self.store = store
        self.clients = clients
        self.minting = minting
        self.revocations = revocations
        self.audit = audit
        self.clientFailures = clientFailures
        self.refreshKey = refreshKey
        self.clock = clock
        self.random = random
        self.countTokens = countTokens
    }

    /// An id for a grant or a token: 128 random bits as base64url.
    func makeIdentifier() -> String { AccessTokenClaims.identifier(random(16)) }

    /// Something to hand out that can't be guessed: 256 random bits as base64url.
    func makeSecret() -> String { Base64URL.encode(random(32)) }
}
