import JSON
import OAuthServer

/// Users to be printed; what could be guessed from is left out.
package struct UserList: Sendable {
    let users: [OAuthUser]
    private let now: Int64

    init(users: [OAuthUser], _ now: Int64) {
        self.users = users.sorted { $0.name < $1.name }
        self.now = now
    }

    /// The users as a table.
    package var lines: [String] {
        guard !users.isEmpty else { return ["There are no users yet: gatehouse user add NAME"] }
        var table = TextTable(["USER", "FULL NAME", "E-MAIL", "RESTRICTED SCOPES", "STATE", "ADDED"])
        for user in users {
            table.append([
                user.name.printable, user.fullName?.printable ?? "-", user.email?.printable ?? "-",
                user.restrictedScopes.isEmpty ? "-" : user.restrictedScopes.joined(separator: " "),
                user.isDisabled ? "disabled" : "enabled", TimeText.relative(user.createdAt, now: now),
            ])
        }
        return table.lines
    }

    /// The users as JSON: a list of objects.
    package var json: String {
        var writer = JSONWriter(.pretty)
        writer.beginArray()
        for user in users {
            writer.beginObject()
            writer.members(of: user)
            writer.endObject()
        }
        writer.endArray()
        return writer.text
    }

    /// The only user as JSON.
    package var singleJSON: String {
        var writer = JSONWriter(.pretty)
        writer.beginObject()
        if let user = users.first { writer.members(of: user) }
        writer.endObject()
        return writer.text
    }
}

/// A user to be printed, with what they have allowed and where they are signed in.
package struct UserDetails: Sendable {
    private let user: OAuthUser
    private let sessions: [BrowserSession]
    private let grants: GrantList
    private let now: Int64

    init(user: OAuthUser, sessions: [BrowserSession], grants: [Grant], _ now: Int64) {
        self.user = user
        self.sessions = sessions
        self.grants = GrantList(grants: grants, now)
        self.now = now
    }

    /// What is known, as text.
    package var lines: [String] {
        var lines = UserList(users: [user], now).lines
        lines += ["", sessions.isEmpty ? "Signed in nowhere." : "Signed in:"]
        var table = TextTable(["SIGNED IN", "LAST SEEN", "BROWSER"])
        for session in sessions {
            table.append([
                TimeText.relative(session.authenticatedAt, now: now), TimeText.relative(session.lastSeenAt, now: now),
                session.userAgent.printable,
            ])
        }
        if !sessions.isEmpty { lines += table.lines }
        return lines + [""] + (grants.isEmpty ? ["Has allowed nothing."] : ["Has allowed:"] + grants.lines)
    }

    /// What is known, as JSON.
    package var json: String {
        var writer = JSONWriter(.pretty)
        writer.beginObject()
        writer.members(of: user)
        writer.name("sessions")
        writer.beginArray()
        for session in sessions {
            writer.beginObject()
            writer.member("authenticated_at", session.authenticatedAt)
            writer.member("last_seen_at", session.lastSeenAt)
            writer.member("user_agent", session.userAgent)
            writer.endObject()
        }
        writer.endArray()
        writer.name("grants")
        grants.write(to: &writer)
        writer.endObject()
        return writer.text
    }
}

extension JSONWriter {
    fileprivate mutating func members(of user: OAuthUser) {
        member("name", user.name)
        if let fullName = user.fullName { member("full_name", fullName) }
        if let email = user.email { member("email", email) }
        member("restricted_scopes", user.restrictedScopes)
        member("disabled", user.isDisabled)
        member("created_at", user.createdAt)
    }
}
