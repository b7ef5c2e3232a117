import GRDB
import OAuthServer

/// What keeps a user's grants from growing without bound, and what is read of them.
///
/// A rowid is above those before it, so the order of rowids is the order in time, and the index by user and client has
/// them in it: of the rows themselves only those are read that end, or whose client is listed.
extension Database {
    /// Ends the oldest grants of a user and client so that there is room for one more.
    func endGrants(tooManyWith grant: Grant, at unixTime: Int64) throws -> [Grant] {
        guard let user = grant.userName else { return [] }
        let surplus = try first(
            Self.firstSurplusGrant,
            [user.blob, grant.clientID.blob, Grant.limitPerUserAndClient - 1]
        ) { $0.integer(0) }
        guard let surplus else { return [] }
        let ids = try all(
            "SELECT grant_id FROM oauth_grant WHERE user_name = ? AND client_id = ? AND rowid <= ?",
            [user.blob, grant.clientID.blob, surplus]
        ) { $0.text(0) }
        return try ids.flatMap { try endGrants(.id($0), at: unixTime) }
    }

    /// What a user has granted the clients that got something last, the latest first.
    func grantSummaries(ofUser name: String, limit: Int) throws -> [GrantSummary] {
        var summaries: [String: GrantSummary] = [:]
        let parts = try all(Self.grantsByClient, [name.blob, name.blob, limit]) { row in
            GrantSummary(
                clientID: row.text(0),
                scopes: Set(row.list(1)),
                createdAt: row.integer(2),
                lastUsedAt: row.integer(3)
            )
        }
        for part in parts {
            var summary = summaries[part.clientID] ?? part
            summary.scopes.formUnion(part.scopes)
            summary.createdAt = max(summary.createdAt, part.createdAt)
            summary.lastUsedAt = max(summary.lastUsedAt, part.lastUsedAt)
            summaries[part.clientID] = summary
        }
        return summaries.values.sorted { ($0.createdAt, $0.clientID) > ($1.createdAt, $1.clientID) }
    }

    static let firstSurplusGrant = """
        SELECT rowid FROM oauth_grant WHERE user_name = ? AND client_id = ? ORDER BY rowid DESC LIMIT 1 OFFSET ?
        """

    static let grantsByClient = """
        SELECT client_id, scopes, max(created_at), max(last_used_at) FROM oauth_grant
        WHERE user_name = ? AND client_id IN (
            SELECT client_id FROM oauth_grant WHERE user_name = ?
            GROUP BY client_id ORDER BY max(rowid) DESC LIMIT ?
        )
        GROUP BY client_id, scopes
        """
}
