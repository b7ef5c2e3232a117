import Crypto

/// The keys of the authorization server, each derived from the one that seals the storage, so that all nodes have them.
struct AuthorizationSecrets: Sendable {
    /// Makes refresh tokens.
    let refreshTokens: HMACKey
    /// Makes the codes by which forms are known to be ours.
    let forms: HMACKey
    /// Makes the cookies by which browsers are known again.
    let browsers: HMACKey
    /// Seals what waits in the browser.
    let requests: SealingKey

    init(_ key: SealingKey) {
        refreshTokens = HMACKey(key.derivedSecret(for: "gatehouse refresh tokens v1"), digest: .sha256)
        forms = HMACKey(key.derivedSecret(for: "gatehouse forms v1"), digest: .sha256)
        browsers = HMACKey(key.derivedSecret(for: "gatehouse browsers v1"), digest: .sha256)
        requests = key.derived(for: "gatehouse authorization requests v1")
    }
}
