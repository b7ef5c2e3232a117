import JWT

/// Keeps everything in memory only: for `memory:` and for tests.
///
/// An actor does one thing at a time, and none of its operations suspends, so each is atomic.
package actor MemoryAuthorizationStore: AuthorizationStore {
    /// A text that is equal to another only byte for byte; Swift's own comparison is canonical.
    struct Key: Hashable {
        let text: String

        init(_ text: String) { self.text = text }

        static func == (one: Key, other: Key) -> Bool { one.text.utf8.elementsEqual(other.text.utf8) }

        func hash(into hasher: inout Hasher) {
            for byte in text.utf8 { hasher.combine(byte) }
        }
    }

    struct ConsentKey: Hashable {
        let user: Key
        let client: Key
    }

    struct StoredCode {
        var code: AuthorizationCode
        /// The grant it became; nil while it is unused.
        var grantID: String?
    }

    /// What the grants of clients that act for themselves are told apart by.
    struct ClientGrantKey: Hashable {
        let client: Key
        let scopes: Set<String>
        let resource: Key
    }

    let revocations: MemoryRevocationStore
    var clientsByID: [Key: OAuthClient] = [:]
    var usersByName: [Key: OAuthUser] = [:]
    var codes: [[UInt8]: StoredCode] = [:]
    var grantsByID: [Key: Grant] = [:]
    var clientGrantIDs: [ClientGrantKey: Key] = [:]
    var families: [[UInt8]: RefreshFamily] = [:]
    var sessionsByHash: [[UInt8]: BrowserSession] = [:]
    var consentsByKey: [ConsentKey: Consent] = [:]

    /// An empty store that writes what it revokes into the given one.
    package init(revocations: MemoryRevocationStore) {
        self.revocations = revocations
    }
}

// MARK: Clients

extension MemoryAuthorizationStore {
    package func clients() -> [OAuthClient] {
        clientsByID.values.sorted { $0.id < $1.id }
    }

    package func client(_ id: String) -> OAuthClient? { clientsByID[Key(id)] }

    package func insertClient(_ client: OAuthClient) -> Bool {
        guard clientsByID[Key(client.id)] == nil else { return false }
        clientsByID[Key(client.id)] = client
        return true
    }

    package func replaceClientSecret(_ id: String, hash: [UInt8]) -> Bool {
        guard clientsByID[Key(id)] != nil else { return false }
        clientsByID[Key(id)]?.secretHash = hash
        return true
    }

    package func removeClient(_ id: String, at unixTime: Int64) throws(StoreError) -> [Revocation]? {
        guard clientsByID[Key(id)] != nil else { return nil }
        let ended = try endGrants(.ofClient(id))
        clientsByID[Key(id)] = nil
        codes = codes.filter { $0.value.code.clientID != id }
        consentsByKey = consentsByKey.filter { $0.key.client != Key(id) }
        return ended.map(\.revocation)
    }
}

// MARK: Users

extension MemoryAuthorizationStore {
    package func users() -> [OAuthUser] {
        usersByName.values.sorted { $0.name < $1.name }
    }

    package func user(_ name: String) -> OAuthUser? { usersByName[Key(name)] }

    package func insertUser(_ user: OAuthUser) -> Bool {
        guard usersByName[Key(user.name)] == nil else { return false }
        usersByName[Key(user.name)] = user
        return true
    }

    package func setPassword(
        ofUser name: String,
        hash: String,
        replacing checkedHash: String?,
        keepingSession idHash: [UInt8]?
    ) -> Bool {
        guard let user = usersByName[Key(name)], user.passwordHash == checkedHash ?? user.passwordHash else {
            return false
        }
        usersByName[Key(name)]?.passwordHash = hash
        sessionsByHash = sessionsByHash.filter { $0.key == idHash || Key($0.value.userName) != Key(name) }
        return true
    }

    package func upgradePasswordHash(ofUser name: String, from old: String, to new: String) {
        guard usersByName[Key(name)]?.passwordHash == old else { return }
        usersByName[Key(name)]?.passwordHash = new
    }

    package func setDisabled(
        _ isDisabled: Bool,
        user name: String,
        at unixTime: Int64
    ) throws(StoreError) -> [Revocation]? {
        guard usersByName[Key(name)] != nil else { return nil }
        guard isDisabled else {
            usersByName[Key(name)]?.isDisabled = false
            return []
        }
        let ended = try endGrants(.ofUser(name))
        usersByName[Key(name)]?.isDisabled = true
        sessionsByHash = sessionsByHash.filter { Key($0.value.userName) != Key(name) }
        return ended.map(\.revocation)
    }

    package func removeUser(_ name: String, at unixTime: Int64) throws(StoreError) -> [Revocation]? {
        guard usersByName[Key(name)] != nil else { return nil }
        let ended = try endGrants(.ofUser(name))
        usersByName[Key(name)] = nil
        sessionsByHash = sessionsByHash.filter { Key($0.value.userName) != Key(name) }
        codes = codes.filter { Key($0.value.code.userName) != Key(name) }
        consentsByKey = consentsByKey.filter { $0.key.user != Key(name) }
        return ended.map(\.revocation)
    }
}

// MARK: Sessions and consents

extension MemoryAuthorizationStore {
    package func insertSession(_ session: BrowserSession, afterChecking hash: String?) -> Bool {
        guard let user = usersByName[Key(session.userName)], !user.isDisabled,
            user.passwordHash == hash ?? user.passwordHash
        else { return false }
        for surplus in sessions(ofUser: session.userName).dropFirst(BrowserSession.limitPerUser - 1) {
            sessionsByHash[surplus.idHash] = nil
        }
        sessionsByHash[session.idHash] = session
        return true
    }

    package func session(_ idHash: [UInt8]) -> BrowserSession? { sessionsByHash[idHash] }

    package func touchSession(_ idHash: [UInt8], at unixTime: Int64) {
        guard let lastSeenAt = sessionsByHash[idHash]?.lastSeenAt else { return }
        sessionsByHash[idHash]?.lastSeenAt = max(lastSeenAt, unixTime)
    }

    package func sessions(ofUser name: String) -> [BrowserSession] {
        sessionsByHash.values.filter { Key($0.userName) == Key(name) }
            .sorted { ($0.lastSeenAt, $0.createdAt) > ($1.lastSeenAt, $1.createdAt) }
    }

    package func removeSession(_ idHash: [UInt8], ofUser name: String?) -> Bool {
        guard let session = sessionsByHash[idHash], name.map({ Key($0) == Key(session.userName) }) ?? true else {
            return false
        }
        sessionsByHash[idHash] = nil
        return true
    }

    package func consent(user: String, client: String, at unixTime: Int64) -> Consent? {
        let consent = consentsByKey[ConsentKey(user: Key(user), client: Key(client))]
        return consent.flatMap { unixTime < $0.expiresAt ? $0 : nil }
    }

    package func consents(ofUser name: String, limit: Int, at unixTime: Int64) -> [Consent] {
        let consents = consentsByKey.values.filter { Key($0.userName) == Key(name) && unixTime < $0.expiresAt }
        return Array(consents.sorted { ($0.grantedAt, $1.clientID) > ($1.grantedAt, $0.clientID) }.prefix(limit))
    }

    package func saveConsent(_ consent: Consent) {
        guard usersByName[Key(consent.userName)] != nil else { return }
        consentsByKey[ConsentKey(user: Key(consent.userName), client: Key(consent.clientID))] = consent
    }
}
