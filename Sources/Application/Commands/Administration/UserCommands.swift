import Configuration
import Crypto
import JWT
import OAuthServer

/// `gatehouse user`: who can sign in here.
package struct UserCommands: Sendable {
    private let store: CommandStore

    /// Opens the storage of a configuration.
    ///
    /// - Throws: `ApplicationError` when the gateway is no issuer or its storage is not shared with commands.
    package init(_ file: ConfigurationFile, now: Int64) throws(ApplicationError) {
        store = try CommandStore(file, now: now)
    }

    /// All users.
    package func list() async throws(ApplicationError) -> UserList {
        UserList(users: try await store.attempt { store throws(StoreError) in try await store.users() }, store.now)
    }

    /// One user, with what they have allowed and where they are signed in.
    package func show(_ name: String) async throws(ApplicationError) -> UserDetails {
        let user = try await store.user(name)
        let now = store.now
        return try await store.attempt { store throws(StoreError) in
            UserDetails(
                user: user,
                sessions: try await store.sessions(ofUser: name),
                grants: try await store.grants(.ofUser(name)),
                now
            )
        }
    }

    /// Adds a user; nothing is asked for before it is known that the name can be had.
    ///
    /// - Parameter password: reads the new password.
    /// - Throws: `ApplicationError.setup` for what can't be a user, or what `password` throws.
    package func add(
        _ user: NewUser,
        password: () throws(ApplicationError) -> NewPassword
    ) async throws(ApplicationError) -> UserList {
        let audit = try store.audit()
        let name = try user.checkedName()
        let restricted = try user.checkedScopes(store.configuration)
        // RFC 9068 §5: where `sub` is the client, a token speaks for no user.
        if try await store.clients().contains(where: { $0.id == name }) {
            throw .setup("\(name.printable) is the id of a client, whose own tokens would be the user's")
        }
        if try await store.attempt({ store throws(StoreError) in try await store.user(name) }) != nil {
            throw Self.taken(name)
        }
        let record = OAuthUser(
            name: name,
            email: user.email,
            fullName: user.fullName,
            passwordHash: try hash(password(), of: name),
            restrictedScopes: restricted,
            createdAt: store.now
        )
        guard try await store.attempt({ store throws(StoreError) in try await store.insertUser(record) }) else {
            throw Self.taken(name)
        }
        audit.record([AuditEvent(.userAdded, user: name, scopes: restricted.isEmpty ? nil : restricted)])
        return UserList(users: [record], store.now)
    }

    /// Sets a password, which ends the user's browser sessions.
    ///
    /// - Parameter password: reads the new password.
    package func setPassword(
        of name: String,
        password: () throws(ApplicationError) -> NewPassword
    ) async throws(ApplicationError) {
        let audit = try store.audit()
        let user = try await store.user(name)
        let hash = try hash(password(), of: user.name)
        let isDone = try await store.attempt { store throws(StoreError) in
            try await store.setPassword(ofUser: user.name, hash: hash, keepingSession: nil)
        }
        guard isDone else { throw Self.gone(name) }
        audit.record([AuditEvent(.passwordChanged, user: user.name)])
    }

    /// Disables a user, whose tokens are refused from then on, or enables them again.
    package func setDisabled(_ isDisabled: Bool, user name: String) async throws(ApplicationError) {
        let audit = try store.audit()
        let user = try await store.user(name)
        let now = store.now
        let revoked = try await store.attempt { store throws(StoreError) in
            try await store.setDisabled(isDisabled, user: user.name, at: now)
        }
        guard revoked != nil else { throw Self.gone(name) }
        audit.record([AuditEvent(isDisabled ? .userDisabled : .userEnabled, user: user.name)])
    }

    /// Removes a user with everything that is known of them; their tokens are refused from then on.
    package func remove(_ name: String) async throws(ApplicationError) {
        let audit = try store.audit()
        let user = try await store.user(name)
        let now = store.now
        let revoked = try await store.attempt { store throws(StoreError) in
            try await store.removeUser(user.name, at: now)
        }
        guard revoked != nil else { throw Self.gone(name) }
        audit.record([AuditEvent(.userRemoved, user: user.name)])
    }

    private func hash(_ password: NewPassword, of name: String) throws(ApplicationError) -> String {
        try password.check(userName: name)
        let parameters = PasswordHashParameters(store.settings.passwords)
        do throws(CryptoError) {
            return try PasswordHash(of: Array(password.text.utf8), parameters: parameters).text
        } catch {
            throw .setup("the password can't be hashed: \(error)")
        }
    }

    private static func taken(_ name: String) -> ApplicationError {
        .setup("there is a user \(name.printable) already")
    }

    private static func gone(_ name: String) -> ApplicationError {
        .setup("the user \(name.printable) has been removed by another process")
    }
}
