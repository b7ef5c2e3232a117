import Crypto
import Foundation
import GRDB
import JWT
import OAuthServer

extension SQLiteAuthorizationStore {
    package func grants(_ selection: GrantSelection) async throws(StoreError) -> [Grant] {
        try read { try $0.grants(selection) }
    }

    package func grantSummaries(ofUser name: String, limit: Int) async throws(StoreError) -> [GrantSummary] {
        try read { try $0.grantSummaries(ofUser: name, limit: limit) }
    }

    package func insertGrant(_ grant: Grant) async throws(StoreError) {
        try await write { try $0.insert(grant, nil) }
    }

    package func clientGrant(_ grant: Grant, for client: OAuthClient) async throws(StoreError) -> Grant? {
        let key = grant.clientKey
        let known = try read { try $0.clientGrant(key) }
        // Nothing is written for most requests: the times move once a minute and once an hour.
        if var known {
            let before = known
            known.noteUse(at: grant.createdAt, tokenExpiresAt: grant.tokensExpireAt)
            if known == before { return known }
        }
        return try await write { database in
            guard var known = try database.clientGrant(key) else {
                // A removed client's grants went with it; the next one would have nothing that ends it.
                guard try client.origin == .configuration || database.hasClient(client.id) else { return nil }
                var new = grant
                new.tokensExpireAt += Self.reserve
                try database.insert(new, nil)
                return new
            }
            let before = known
            known.noteUse(at: grant.createdAt, tokenExpiresAt: grant.tokensExpireAt)
            if known.tokensExpireAt > before.tokensExpireAt { known.tokensExpireAt += Self.reserve }
            if known != before { try database.update(known) }
            return known
        }
    }

    package func revokeGrants(
        _ selection: GrantSelection,
        forgettingConsent: Bool,
        at unixTime: Int64
    ) async throws(StoreError) -> [Revocation] {
        try await write { database in
            let grants = try database.endGrants(selection, at: unixTime)
            if forgettingConsent { try database.removeConsents(of: grants, selection) }
            return grants.map(\.revocation)
        }
    }

    package func revokeToken(_ revocation: Revocation) async throws(StoreError) {
        try await write { try $0.insert([revocation]) }
    }

    /// How far ahead of need the end of a client's tokens is written; seconds.
    private static let reserve: Int64 = 3600
}

extension Database {
    func insert(_ grant: Grant, _ family: RefreshFamily?) throws {
        try run(
            """
            INSERT INTO oauth_grant (\(Grant.columns), client_key, \(RefreshFamily.columns), sweep_after)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                grant.id.blob, grant.userName?.blob, grant.clientID.blob, TextList.encoded(grant.scopes),
                grant.resource.blob, grant.createdAt, grant.lastUsedAt, grant.authenticatedAt, grant.tokensExpireAt,
                grant.userName == nil ? grant.clientKey : nil,
                family.map { Data($0.id) }, family.map { Int64($0.generation) }, family?.rotatedAt,
                family?.idleExpiresAt, family?.absoluteExpiresAt, grant.endsAt(with: family),
            ]
        )
    }

    /// Writes down what changes in the life of a grant.
    func update(_ grant: Grant) throws {
        try run(
            "UPDATE oauth_grant SET last_used_at = ?, tokens_expire_at = ? WHERE grant_id = ?",
            [grant.lastUsedAt, grant.tokensExpireAt, grant.id.blob]
        )
    }

    fileprivate func grants(_ selection: GrantSelection) throws -> [Grant] {
        let (condition, arguments) = selection.condition
        return try all(
            "SELECT \(Grant.columns) FROM oauth_grant WHERE \(condition) ORDER BY created_at DESC, grant_id",
            arguments,
            Grant.init(row:)
        )
    }

    fileprivate func clientGrant(_ key: Data) throws -> Grant? {
        try first("SELECT \(Grant.columns) FROM oauth_grant WHERE client_key = ?", [key], Grant.init(row:))
    }

    fileprivate func hasClient(_ id: String) throws -> Bool {
        try first("SELECT 1 FROM oauth_client WHERE client_id = ?", [id.blob]) { $0.flag(0) } ?? false
    }

    /// Removes grants with their families and the codes that would become such grants, and revokes their tokens.
    func endGrants(_ selection: GrantSelection, at unixTime: Int64) throws -> [Grant] {
        let grants = try grants(selection)
        let (condition, arguments) = selection.condition
        try removeUnusedCodes(for: selection, at: unixTime)
        try run("DELETE FROM oauth_grant WHERE \(condition)", arguments)
        try insert(grants.map(\.revocation).filter { $0.expiresAt >= unixTime })
        return grants
    }
}

extension Database {
    /// Removes the consents of grants that were selected, and those that no grant is left of.
    fileprivate func removeConsents(of grants: [Grant], _ selection: GrantSelection) throws {
        guard case .id = selection else {
            let (condition, arguments) = selection.condition
            try run("DELETE FROM consent WHERE \(condition)", arguments)
            return
        }
        for grant in grants {
            guard let user = grant.userName else { continue }
            let (condition, arguments) = GrantSelection.ofUserAndClient(user: user, client: grant.clientID).condition
            try run("DELETE FROM consent WHERE \(condition)", arguments)
        }
    }
}

extension GrantSelection {
    /// It in SQL; the columns have the same names in the tables of grants, of codes and of consents.
    var condition: (String, StatementArguments) {
        switch self {
        case .all: ("TRUE", [])
        case .id(let id): ("grant_id = ?", [id.blob])
        case .ofUser(let name): ("user_name = ?", [name.blob])
        case .ofClient(let id): ("client_id = ?", [id.blob])
        case .ofUserAndClient(let user, let client): ("user_name = ? AND client_id = ?", [user.blob, client.blob])
        }
    }
}

extension Grant {
    static let columns = """
        grant_id, user_name, client_id, scopes, resource, created_at, last_used_at, authenticated_at, tokens_expire_at
        """

    init(row: Row) {
        self.init(
            id: row.text(0),
            userName: row.optionalText(1),
            clientID: row.text(2),
            scopes: row.list(3),
            resource: row.text(4),
            createdAt: row.integer(5),
            lastUsedAt: row.integer(6),
            authenticatedAt: row[7],
            tokensExpireAt: row.integer(8)
        )
    }

    /// What the grant of a client that acts for itself is looked up by: the client, the resource and the set of scopes.
    fileprivate var clientKey: Data {
        Data(Digest.sha256(Array(TextList.encoded([clientID, resource] + Set(scopes).sorted()))))
    }
}
