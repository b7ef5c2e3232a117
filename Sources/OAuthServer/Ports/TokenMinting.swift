import JSON
import JWT

/// Makes and checks tokens with the signing keys.
package protocol TokenMinting: Sendable {
    /// A signed access token (RFC 9068).
    func mintAccessToken(_ claims: AccessTokenClaims) async throws(StoreError) -> String
    /// A signed ID token (OpenID Connect Core §2); the algorithm is `RS256` or `ES256`.
    func sign(idToken payload: [UInt8], algorithm: String) async throws(StoreError) -> String
    /// An own access token that is good now and was not revoked; nil for any other text.
    func verify(accessToken text: String) async -> VerifiedToken?
    /// The claims of an own ID token, for `id_token_hint`; nil for any other text.
    ///
    /// Its signature, issuer and type are checked, its expiry is not (OpenID Connect RP-Initiated Logout §2).
    func claims(ofIDToken text: String) async -> JSONNode?
}
