import JWT
import OAuthServer

/// `gatehouse grant`: who has allowed what to whom.
package struct GrantCommands: Sendable {
    private let store: CommandStore

    /// Opens the storage of a configuration.
    ///
    /// - Throws: `ApplicationError` when the gateway is no issuer or its storage is not shared with commands.
    package init(_ file: ConfigurationFile, now: Int64) throws(ApplicationError) {
        store = try CommandStore(file, now: now)
    }

    /// The grants of a user, of a client, of both, or all.
    package func list(user: String?, client: String?) async throws(ApplicationError) -> GrantList {
        let selection = GrantSelection(user: user, client: client)
        return GrantList(
            grants: try await store.attempt { store throws(StoreError) in try await store.grants(selection) },
            store.now
        )
    }

    /// Ends grants with all of their tokens, and forgets the consents that they came from; returns what was ended.
    ///
    /// - Throws: `ApplicationError.setup` where there was none.
    package func revoke(id: String?, user: String?, client: String?) async throws(ApplicationError) -> GrantList {
        let audit = try store.audit()
        let selection = id.map(GrantSelection.id) ?? GrantSelection(user: user, client: client)
        let now = store.now
        let (grants, revoked) = try await store.attempt { store throws(StoreError) in
            let grants = try await store.grants(selection)
            return (grants, try await store.revokeGrants(selection, forgettingConsent: true, at: now))
        }
        guard !grants.isEmpty || !revoked.isEmpty else {
            throw .setup(id.map { "there is no grant \($0.printable)" } ?? "there is no such grant")
        }
        let events = grants.map { grant in
            AuditEvent(
                .grantRevoked,
                user: grant.userName,
                client: grant.clientID,
                grant: grant.id,
                scopes: grant.scopes,
                detail: "gatehouse grant revoke"
            )
        }
        audit.record(events)
        return GrantList(grants: grants, now)
    }
}

extension GrantSelection {
    fileprivate init(user: String?, client: String?) {
        self =
            switch (user, client) {
            case (let user?, let client?): .ofUserAndClient(user: user, client: client)
            case (let user?, nil): .ofUser(user)
            case (nil, let client?): .ofClient(client)
            case (nil, nil): .all
            }
    }
}
