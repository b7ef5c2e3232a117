import JWT
import Locking
import OAuthServer

/// Ends what clients were allowed that stood in the configuration and do so no more, as removing a stored client does.
///
/// It is done at once, and again for a while: a request that had begun before may make one more grant, and the storage
/// may not answer.
final class RemovedClients: Sendable {
    private struct State {
        var registered: Set<String>
        /// Until when the grants of those that have gone are ended; seconds since 1970.
        var gone: [String: Int64] = [:]
        /// Those of them that the audit log knows of.
        var told: Set<String> = []
    }

    private let state: Locked<State>
    private let store: any AuthorizationStore
    private let revocations: any RevocationSink
    private let audit: any AuditSink
    private let clock: @Sendable () -> Int64

    /// - Parameters:
    ///   - clients: Those of the configuration now.
    ///   - clock: The time in seconds since 1970.
    init(
        _ clients: [OAuthClient],
        store: any AuthorizationStore,
        revocations: any RevocationSink,
        audit: any AuditSink,
        clock: @escaping @Sendable () -> Int64 = SystemClock.unixTime
    ) {
        state = Locked(State(registered: Set(clients.map(\.id))))
        self.store = store
        self.revocations = revocations
        self.audit = audit
        self.clock = clock
    }

    /// Takes over the clients of another configuration; `endGrants` must follow.
    func takeOver(_ clients: [OAuthClient]) {
        let ids = Set(clients.map(\.id))
        let until = clock() + Self.longestRequest
        state.withLock { state in
            for id in state.registered.subtracting(ids) { state.gone[id] = until }
            for id in ids { state.gone[id] = nil }
            state.told.subtract(ids)
            state.registered = ids
        }
    }

    /// Ends the grants and forgets the consents of those that have gone; their tokens are refused when it returns.
    ///
    /// - Throws: when the storage does not answer; then the next call tries again.
    func endGrants() async throws(StoreError) {
        for (id, until) in state.withLock({ $0.gone }) {
            let now = clock()
            // One that is in the storage now has only moved there.
            if try await store.client(id) == nil { try await end(id, at: now) }
            guard now >= until else { continue }
            state.withLock { state in
                if state.gone[id] == until { state.gone[id] = nil }
            }
        }
    }

    private func end(_ id: String, at now: Int64) async throws(StoreError) {
        let revoked = try await store.revokeGrants(.ofClient(id), forgettingConsent: true, at: now)
        await revocations.apply(revoked)
        let isFirst = state.withLock { $0.told.insert(id).inserted }
        guard isFirst else { return }
        audit.record(AuditEvent(.clientRemoved, client: id, detail: "no longer in the configuration"))
    }

    /// No request takes longer, in seconds.
    private static let longestRequest: Int64 = 60
}
