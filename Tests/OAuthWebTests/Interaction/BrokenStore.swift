import JWT
import OAuthServer

/// A storage that does not answer any question.
struct BrokenStore: AuthorizationStore {
    private func fail<Value>() throws(StoreError) -> Value { throw .unavailable("it is broken") }

    func clients() async throws(StoreError) -> [OAuthClient] { try fail() }
    func client(_ id: String) async throws(StoreError) -> OAuthClient? { try fail() }
    func insertClient(_ client: OAuthClient) async throws(StoreError) -> Bool { try fail() }
    func replaceClientSecret(_ id: String, hash: [UInt8]) async throws(StoreError) -> Bool { try fail() }
    func removeClient(_ id: String, at unixTime: Int64) async throws(StoreError) -> [Revocation]? { try fail() }
    func users() async throws(StoreError) -> [OAuthUser] { try fail() }
    func user(_ name: String) async throws(StoreError) -> OAuthUser? { try fail() }
    func insertUser(_ user: OAuthUser) async throws(StoreError) -> Bool { try fail() }
    func setPassword(
        ofUser name: String,
        hash: String,
        replacing checkedHash: String?,
        keepingSession idHash: [UInt8]?
    ) async throws(StoreError) -> Bool { try fail() }
    func upgradePasswordHash(ofUser name: String, from old: String, to new: String) async throws(StoreError) {
        let _: Int = try fail()
    }
    func setDisabled(
        _ isDisabled: Bool,
        user name: String,
        at unixTime: Int64
    ) async throws(StoreError) -> [Revocation]? { try fail() }
    func removeUser(_ name: String, at unixTime: Int64) async throws(StoreError) -> [Revocation]? { try fail() }
    func insertAuthorizationCode(_ code: AuthorizationCode) async throws(StoreError) { let _: Int = try fail() }
    func authorizationCode(_ hash: [UInt8], at unixTime: Int64) async throws(StoreError) -> AuthorizationCode? {
        try fail()
    }
    func redeemAuthorizationCode(
        _ hash: [UInt8],
        for grant: Grant,
        family: RefreshFamily?,
        at unixTime: Int64
    ) async throws(StoreError) -> CodeRedemption { try fail() }
    func grants(_ selection: GrantSelection) async throws(StoreError) -> [Grant] { try fail() }
    func grantSummaries(ofUser name: String, limit: Int) async throws(StoreError) -> [GrantSummary] { try fail() }
    func insertGrant(_ grant: Grant) async throws(StoreError) { let _: Int = try fail() }
    func clientGrant(_ grant: Grant, for client: OAuthClient) async throws(StoreError) -> Grant? { try fail() }
    func revokeGrants(
        _ selection: GrantSelection,
        forgettingConsent: Bool,
        at unixTime: Int64
    ) async throws(StoreError) -> [Revocation] { try fail() }
    func revokeToken(_ revocation: Revocation) async throws(StoreError) { let _: Int = try fail() }
    func refreshFamily(_ id: [UInt8]) async throws(StoreError) -> (family: RefreshFamily, grant: Grant)? { try fail() }
    func rotateRefreshToken(_ presentation: RefreshPresentation) async throws(StoreError) -> RefreshRotation {
        try fail()
    }
    func insertSession(_ session: BrowserSession, afterChecking hash: String?) async throws(StoreError) -> Bool {
        try fail()
    }
    func session(_ idHash: [UInt8]) async throws(StoreError) -> BrowserSession? { try fail() }
    func touchSession(_ idHash: [UInt8], at unixTime: Int64) async throws(StoreError) { let _: Int = try fail() }
    func sessions(ofUser name: String) async throws(StoreError) -> [BrowserSession] { try fail() }
    func removeSession(_ idHash: [UInt8], ofUser name: String?) async throws(StoreError) -> Bool { try fail() }
    func consent(user: String, client: String, at unixTime: Int64) async throws(StoreError) -> Consent? { try fail() }
    func consents(ofUser name: String, limit: Int, at unixTime: Int64) async throws(StoreError) -> [Consent] {
        try fail()
    }
    func saveConsent(_ consent: Consent) async throws(StoreError) { let _: Int = try fail() }
    func removeExpired(at unixTime: Int64, sessions: SessionLifetime) async throws(StoreError) -> Int { try fail() }
}
