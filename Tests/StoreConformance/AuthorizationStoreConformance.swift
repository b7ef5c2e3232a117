import Crypto
import JWT
import OAuthServer

/// An empty storage that an `AuthorizationStore` is tried with.
package struct TriedStorage: Sendable {
    package let store: any AuthorizationStore
    /// The same storage as another process has it; the same store where it cannot be shared.
    package let other: any AuthorizationStore
    /// Where revocations of both end up.
    package let revocations: any RevocationStore

    package init(store: any AuthorizationStore, other: any AuthorizationStore, revocations: any RevocationStore) {
        self.store = store
        self.other = other
        self.revocations = revocations
    }
}

/// What every `AuthorizationStore` promises.
package enum AuthorizationStoreConformance {
    typealias Check = StoreCheck<TriedStorage>

    package static let checks: [StoreCheck<TriedStorage>] =
        clients + users + codes + concurrency + grants + clientGrants + refreshTokens + sessions + consents + bounds
        + cleaning

    // MARK: Records with something in every field

    static func user(_ name: String, isDisabled: Bool = false) -> OAuthUser {
        OAuthUser(name: name, passwordHash: "$argon2id$" + name, isDisabled: isDisabled, createdAt: 10)
    }

    static func code(
        _ hash: UInt8,
        user: String = "ada",
        client: String = "app",
        expiresAt: Int64 = 160
    ) -> AuthorizationCode {
        AuthorizationCode(
            hash: [UInt8](repeating: hash, count: 32),
            clientID: client,
            redirectURI: "https://app.example/back?a=1",
            redirectURIWasSent: true,
            userName: user,
            scopes: ["openid", "notes:read"],
            resource: "https://api.example",
            nonce: "n",
            codeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            authenticatedAt: 90,
            expiresAt: expiresAt
        )
    }

    static func grant(
        _ id: String,
        user: String? = "ada",
        client: String = "app",
        scopes: [String] = ["openid", "notes:read"],
        createdAt: Int64 = 100,
        tokensExpireAt: Int64 = 700
    ) -> Grant {
        Grant(
            id: id,
            userName: user,
            clientID: client,
            scopes: scopes,
            resource: "https://api.example",
            createdAt: createdAt,
            authenticatedAt: user == nil ? nil : 90,
            tokensExpireAt: tokensExpireAt
        )
    }

    static func family(
        _ id: UInt8,
        of grantID: String,
        idleExpiresAt: Int64 = 1100,
        absoluteExpiresAt: Int64 = 9000
    ) -> RefreshFamily {
        RefreshFamily(
            id: [UInt8](repeating: id, count: 16),
            grantID: grantID,
            rotatedAt: 100,
            idleExpiresAt: idleExpiresAt,
            absoluteExpiresAt: absoluteExpiresAt
        )
    }

    static func session(_ id: UInt8, user: String = "ada", at unixTime: Int64 = 100) -> BrowserSession {
        BrowserSession(
            idHash: [UInt8](repeating: id, count: 32),
            userName: user,
            authenticatedAt: unixTime,
            createdAt: unixTime,
            userAgent: "Firefox \u{1F98A}\n"
        )
    }

    static func consent(_ user: String = "ada", _ client: String = "app", expiresAt: Int64 = 500) -> Consent {
        Consent(userName: user, clientID: client, scopes: ["notes:read"], grantedAt: 100, expiresAt: expiresAt)
    }

    static func client(_ id: String) -> OAuthClient {
        OAuthClient(id: id, authenticationMethod: .none, createdAt: 10)
    }

    /// A grant with a family, as a used code leaves it: user `ada`, client `app`.
    static func redeem(
        _ grant: Grant,
        _ family: RefreshFamily?,
        code: UInt8 = 1,
        in storage: TriedStorage
    ) async throws {
        let store = storage.store
        let user = grant.userName ?? "ada"
        _ = try await store.insertUser(self.user(user))
        try await store.insertAuthorizationCode(self.code(code, user: user, client: grant.clientID))
        let hash = [UInt8](repeating: code, count: 32)
        let outcome = try await store.redeemAuthorizationCode(hash, for: grant, family: family, at: 100)
        try expect(outcome == .redeemed(ended: []), "\(outcome)")
    }

    /// The grant of a client that acts for itself and stands in the configuration.
    static func ownGrant(_ proposed: Grant, in store: any AuthorizationStore) async throws -> Grant {
        var client = client(proposed.clientID)
        client.origin = .configuration
        guard let grant = try await store.clientGrant(proposed, for: client) else {
            throw ConformanceFailure(description: "\(proposed.clientID) has no grant")
        }
        return grant
    }

    /// What of these subjects counts as revoked.
    static func isRevoked(_ grantID: String, in storage: TriedStorage) throws -> Bool {
        try storage.revocations.revocations(at: 0).contains(.grant(id: grantID))
    }

    /// Texts that differ in bytes and that a store could take as the same, or damage.
    static let awkwardNames = [
        "a", "A", "a\0b", "a\0c", "é", "e\u{301}", " a", "a ", "a\n", "a\\n", "a\\", "'; DROP TABLE oauth_user; --",
        "%", "",
        "\u{1F98A}", String(repeating: "x", count: 10_000),
    ]
}
