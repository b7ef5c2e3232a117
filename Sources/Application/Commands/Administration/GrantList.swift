import JSON
import OAuthServer

/// Grants to be printed.
package struct GrantList: Sendable {
    private let grants: [Grant]
    private let now: Int64

    init(grants: [Grant], _ now: Int64) {
        self.grants = grants.sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) }
        self.now = now
    }

    /// Whether there is none.
    package var isEmpty: Bool { grants.isEmpty }

    /// How many there are.
    package var count: Int { grants.count }

    /// The grants as a table, the latest first.
    package var lines: [String] {
        guard !grants.isEmpty else { return ["There are no grants."] }
        var table = TextTable(["GRANT", "USER", "CLIENT", "SCOPES", "MADE", "LAST USED"])
        for grant in grants {
            table.append([
                grant.id, grant.userName?.printable ?? "-", grant.clientID.printable,
                grant.scopes.isEmpty ? "-" : grant.scopes.joined(separator: " "),
                TimeText.relative(grant.createdAt, now: now), TimeText.relative(grant.lastUsedAt, now: now),
            ])
        }
        return table.lines
    }

    /// The grants as JSON: a list of objects, the latest first.
    package var json: String {
        var writer = JSONWriter(.pretty)
        write(to: &writer)
        return writer.text
    }

    func write(to writer: inout JSONWriter) {
        writer.beginArray()
        for grant in grants {
            writer.beginObject()
            writer.member("id", grant.id)
            if let user = grant.userName { writer.member("user", user) }
            writer.member("client_id", grant.clientID)
            writer.member("scope", grant.scopes.joined(separator: " "))
            writer.member("resource", grant.resource)
            writer.member("created_at", grant.createdAt)
            writer.member("last_used_at", grant.lastUsedAt)
            writer.member("tokens_expire_at", grant.tokensExpireAt)
            writer.endObject()
        }
        writer.endArray()
    }
}
