import JWT

/// What the authorization server remembers: clients, users, codes, grants, sessions, consents.
///
/// Every operation is atomic: of many callers at once, in this process or another, each sees all of it or nothing. One that
/// has returned is durable. Times are seconds since 1970 and come from the caller, so that a store needs no clock. An
/// operation that throws may have happened: a caller answers 503, never "no".
package protocol AuthorizationStore: Sendable {
    // MARK: Clients

    func clients() async throws(StoreError) -> [OAuthClient]
    func client(_ id: String) async throws(StoreError) -> OAuthClient?
    /// Adds a client; false where the id is taken.
    func insertClient(_ client: OAuthClient) async throws(StoreError) -> Bool
    /// Gives a client another secret; false where there is no such client.
    func replaceClientSecret(_ id: String, hash: [UInt8]) async throws(StoreError) -> Bool
    /// Removes a client with its codes, consents and grants; nil where there is no such client.
    func removeClient(_ id: String, at unixTime: Int64) async throws(StoreError) -> [Revocation]?

    // MARK: Users

    func users() async throws(StoreError) -> [OAuthUser]
    func user(_ name: String) async throws(StoreError) -> OAuthUser?
    /// Adds a user; false where the name is taken.
    func insertUser(_ user: OAuthUser) async throws(StoreError) -> Bool
    /// Sets a password and ends the user's sessions but one.
    ///
    /// False where there is no such user, or they have another hash by now than the one that was checked.
    func setPassword(
        ofUser name: String,
        hash: String,
        replacing checkedHash: String?,
        keepingSession idHash: [UInt8]?
    ) async throws(StoreError) -> Bool
    /// Replaces a hash with one of the same password and newer parameters, if it is still that hash.
    func upgradePasswordHash(ofUser name: String, from old: String, to new: String) async throws(StoreError)
    /// Disables a user, which ends their sessions, codes and grants, or enables them; nil where there is no such user.
    func setDisabled(
        _ isDisabled: Bool,
        user name: String,
        at unixTime: Int64
    ) async throws(StoreError) -> [Revocation]?
    /// Removes a user with their sessions, codes, consents and grants; nil where there is no such user.
    func removeUser(_ name: String, at unixTime: Int64) async throws(StoreError) -> [Revocation]?

    // MARK: Authorization codes

    func insertAuthorizationCode(_ code: AuthorizationCode) async throws(StoreError)
    /// A code with this hash that has not expired or was used, so that its second use is noticed however late.
    func authorizationCode(_ hash: [UInt8], at unixTime: Int64) async throws(StoreError) -> AuthorizationCode?
    /// Uses a code: of any number of callers one gets `redeemed`, and then its grant and refresh family are stored.
    ///
    /// A used one is `alreadyUsed` for as long as it is remembered, expired or not. One whose user has gone or is disabled
    /// is `unknown`. A user has at most `Grant.limitPerUserAndClient` by codes: before one more is stored the oldest ends
    /// with its family, and its access tokens are revoked. Expired ones count until they are removed.
    func redeemAuthorizationCode(
        _ hash: [UInt8],
        for grant: Grant,
        family: RefreshFamily?,
        at unixTime: Int64
    ) async throws(StoreError) -> CodeRedemption

    // MARK: Grants

    func grants(_ selection: GrantSelection) async throws(StoreError) -> [Grant]
    /// What a user has granted, by client: those that got something last, the latest first, and no more than so many.
    func grantSummaries(ofUser name: String, limit: Int) async throws(StoreError) -> [GrantSummary]
    func insertGrant(_ grant: Grant) async throws(StoreError)
    /// The grant of a client that acts for itself, the given one where it has none for these scopes and this resource.
    ///
    /// Nil where the client is one of the storage and has gone: the request of a client that was removed a moment ago gets
    /// nothing. Scopes are compared as a set. Its `tokensExpireAt` is at least that of the given one, and may be an hour
    /// more to save writes.
    func clientGrant(_ grant: Grant, for client: OAuthClient) async throws(StoreError) -> Grant?
    /// Ends grants with their refresh families and revokes their access tokens (`Grant.revocation`).
    ///
    /// Unused codes of the same users and clients end too: they would become grants. Where asked to, the same users'
    /// consents to the same clients are forgotten, even those that no grant is left of. Returns what was revoked: nothing
    /// where there was no such grant.
    func revokeGrants(
        _ selection: GrantSelection,
        forgettingConsent: Bool,
        at unixTime: Int64
    ) async throws(StoreError) -> [Revocation]
    /// Revokes one access token.
    func revokeToken(_ revocation: Revocation) async throws(StoreError)

    // MARK: Refresh tokens

    /// A family with its grant, whatever its generation.
    func refreshFamily(_ id: [UInt8]) async throws(StoreError) -> (family: RefreshFamily, grant: Grant)?
    /// Exchanges a refresh token: the decision, `RefreshFamily.decision(about:)`, and its effect in one step.
    func rotateRefreshToken(_ presentation: RefreshPresentation) async throws(StoreError) -> RefreshRotation

    // MARK: Sessions

    /// Adds a session of a user who is there and enabled, and has the hash still that was checked.
    ///
    /// Else false, so that the race with disabling them, or with changing their password, is lost. Of more than
    /// `BrowserSession.limitPerUser` the one that was not seen for longest ends, never the new one.
    func insertSession(_ session: BrowserSession, afterChecking hash: String?) async throws(StoreError) -> Bool
    func session(_ idHash: [UInt8]) async throws(StoreError) -> BrowserSession?
    /// Notes that a session is in use.
    func touchSession(_ idHash: [UInt8], at unixTime: Int64) async throws(StoreError)
    /// The sessions of a user, the latest first, `BrowserSession.limitPerUser` at most.
    func sessions(ofUser name: String) async throws(StoreError) -> [BrowserSession]
    /// Ends one session; with a user's name, only if it is theirs. False where there is none.
    func removeSession(_ idHash: [UInt8], ofUser name: String?) async throws(StoreError) -> Bool

    // MARK: Consents

    func consent(user: String, client: String, at unixTime: Int64) async throws(StoreError) -> Consent?
    /// The consents of a user, the latest first, and no more than so many.
    func consents(ofUser name: String, limit: Int, at unixTime: Int64) async throws(StoreError) -> [Consent]
    /// Remembers a consent of a user who is there in place of the one before.
    func saveConsent(_ consent: Consent) async throws(StoreError)

    // MARK: Cleaning

    /// Removes what can't matter any more: codes ten minutes after their expiry, sessions, consents, families and grants
    /// without a live token or family. Returns how many rows.
    func removeExpired(at unixTime: Int64, sessions: SessionLifetime) async throws(StoreError) -> Int
}

extension AuthorizationStore {
    /// Sets a password, whatever it was, and ends the user's sessions but one; false where there is no such user.
    package func setPassword(
        ofUser name: String,
        hash: String,
        keepingSession idHash: [UInt8]?
    ) async throws(StoreError) -> Bool {
        try await setPassword(ofUser: name, hash: hash, replacing: nil, keepingSession: idHash)
    }

    /// Adds a session of a user who is there and enabled; else nothing.
    package func insertSession(_ session: BrowserSession) async throws(StoreError) {
        _ = try await insertSession(session, afterChecking: nil)
    }
}
