import JWT

// MARK: Codes and grants

extension MemoryAuthorizationStore {
    package func insertAuthorizationCode(_ code: AuthorizationCode) {
        codes[code.hash] = StoredCode(code: code, grantID: nil)
    }

    package func authorizationCode(_ hash: [UInt8], at unixTime: Int64) -> AuthorizationCode? {
        guard let stored = codes[hash], stored.grantID != nil || unixTime < stored.code.expiresAt else { return nil }
        return stored.code
    }

    package func redeemAuthorizationCode(
        _ hash: [UInt8],
        for grant: Grant,
        family: RefreshFamily?,
        at unixTime: Int64
    ) throws(StoreError) -> CodeRedemption {
        guard let stored = codes[hash] else { return .unknown }
        if let grantID = stored.grantID { return .alreadyUsed(grantID: grantID) }
        guard unixTime < stored.code.expiresAt, let user = usersByName[Key(stored.code.userName)], !user.isDisabled
        else { return .unknown }
        let surplus = grants(.ofUserAndClient(user: grant.userName ?? "", client: grant.clientID))
            .dropFirst(Grant.limitPerUserAndClient - 1)
        var ended: [Revocation] = []
        for grant in surplus { ended += try endGrants(.id(grant.id)).map(\.revocation) }
        codes[hash]?.grantID = grant.id
        grantsByID[Key(grant.id)] = grant
        if let family { families[family.id] = family }
        return .redeemed(ended: ended)
    }

    package func grants(_ selection: GrantSelection) -> [Grant] {
        if case .id(let id) = selection { return grantsByID[Key(id)].map { [$0] } ?? [] }
        return grantsByID.values.filter(selection.covers).sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) }
    }

    package func grantSummaries(ofUser name: String, limit: Int) -> [GrantSummary] {
        let byClient = Dictionary(grouping: grants(.ofUser(name))) { Key($0.clientID) }
        let summaries = byClient.map { client, grants in
            GrantSummary(
                clientID: client.text,
                scopes: Set(grants.flatMap(\.scopes)),
                createdAt: grants.map(\.createdAt).max() ?? 0,
                lastUsedAt: grants.map(\.lastUsedAt).max() ?? 0
            )
        }
        return Array(summaries.sorted { ($0.createdAt, $0.clientID) > ($1.createdAt, $1.clientID) }.prefix(limit))
    }

    package func insertGrant(_ grant: Grant) { grantsByID[Key(grant.id)] = grant }

    package func clientGrant(_ grant: Grant, for client: OAuthClient) -> Grant? {
        guard client.origin == .configuration || clientsByID[Key(client.id)] != nil else { return nil }
        let key = ClientGrantKey(client: Key(grant.clientID), scopes: Set(grant.scopes), resource: Key(grant.resource))
        var held = clientGrantIDs[key].flatMap { grantsByID[$0] } ?? grant
        held.noteUse(at: grant.lastUsedAt, tokenExpiresAt: grant.tokensExpireAt)
        grantsByID[Key(held.id)] = held
        clientGrantIDs[key] = Key(held.id)
        return held
    }

    package func revokeGrants(
        _ selection: GrantSelection,
        forgettingConsent: Bool,
        at unixTime: Int64
    ) throws(StoreError) -> [Revocation] {
        let ended = try endGrants(selection)
        if forgettingConsent {
            consentsByKey = consentsByKey.filter { entry in
                let consent = entry.value
                return !selection.covers(id: nil, user: consent.userName, client: consent.clientID)
                    && !ended.contains {
                        Key($0.userName ?? "") == entry.key.user && Key($0.clientID) == entry.key.client
                    }
            }
        }
        return ended.map(\.revocation)
    }

    package func revokeToken(_ revocation: Revocation) throws(StoreError) {
        try revocations.revoke([revocation])
    }

    /// Ends grants, their refresh families and the codes that would become such grants.
    func endGrants(_ selection: GrantSelection) throws(StoreError) -> [Grant] {
        let ended = grants(selection)
        try revocations.revoke(ended.map(\.revocation))
        codes = codes.filter { entry in
            let code = entry.value.code
            return entry.value.grantID != nil || !selection.covers(id: nil, user: code.userName, client: code.clientID)
        }
        let ids = Set(ended.map { Key($0.id) })
        families = families.filter { !ids.contains(Key($0.value.grantID)) }
        for id in ids { grantsByID[id] = nil }
        return ended
    }
}

// MARK: Refresh tokens

extension MemoryAuthorizationStore {
    package func refreshFamily(_ id: [UInt8]) -> (family: RefreshFamily, grant: Grant)? {
        guard let family = families[id], let grant = grantsByID[Key(family.grantID)] else { return nil }
        return (family, grant)
    }

    package func rotateRefreshToken(_ presentation: RefreshPresentation) throws(StoreError) -> RefreshRotation {
        guard let (family, grant) = refreshFamily(presentation.familyID) else { return .unknown }
        switch family.decision(about: presentation) {
        case .unknown: return .unknown
        case .expired: return .expired
        case .revoke:
            _ = try endGrants(.id(grant.id))
            return .reused(grant: grant, revocation: grant.revocation)
        case .repeatSuccessor: return .repeated(family, use(grant, by: presentation))
        case .rotate(let next):
            families[family.id] = next
            return .rotated(next, use(grant, by: presentation))
        }
    }

    private func use(_ grant: Grant, by presentation: RefreshPresentation) -> Grant {
        var grant = grant
        grant.noteUse(at: presentation.time, tokenExpiresAt: presentation.tokenExpiresAt)
        grantsByID[Key(grant.id)] = grant
        return grant
    }
}

// MARK: Cleaning

extension MemoryAuthorizationStore {
    package func removeExpired(at unixTime: Int64, sessions lifetime: SessionLifetime) -> Int {
        let before = rowCount
        codes = codes.filter { unixTime < $0.value.code.expiresAt + 600 }
        sessionsByHash = sessionsByHash.filter { lifetime.covers($0.value, at: unixTime) }
        consentsByKey = consentsByKey.filter { unixTime < $0.value.expiresAt }
        families = families.filter { unixTime < $0.value.expiresAt }
        let live = Dictionary(families.values.map { (Key($0.grantID), $0) }, uniquingKeysWith: { first, _ in first })
        grantsByID = grantsByID.filter { unixTime < $0.value.endsAt(with: live[$0.key]) }
        clientGrantIDs = clientGrantIDs.filter { grantsByID[$0.value] != nil }
        return before - rowCount
    }

    private var rowCount: Int {
        codes.count + sessionsByHash.count + consentsByKey.count + families.count + grantsByID.count
    }
}

extension GrantSelection {
    fileprivate func covers(_ grant: Grant) -> Bool {
        covers(id: grant.id, user: grant.userName, client: grant.clientID)
    }
}
