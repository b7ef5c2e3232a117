import JWT
import OAuthServer
import StoreConformance
import Testing

@Suite struct MemoryStoreTests {
    @Test(arguments: SigningKeyStoreConformance.checks)
    func `signing keys in memory keep the promise`(check: StoreCheck<any SigningKeyStore>) async throws {
        try await check.run(MemorySigningKeyStore())
    }

    @Test(arguments: RevocationStoreConformance.checks)
    func `revocations in memory keep the promise`(check: StoreCheck<any RevocationStore>) async throws {
        try await check.run(MemoryRevocationStore())
    }

    @Test(arguments: AuthorizationStoreConformance.checks)
    func `what the authorization server remembers in memory keeps the promise`(
        check: StoreCheck<TriedStorage>
    ) async throws {
        let revocations = MemoryRevocationStore()
        let store = MemoryAuthorizationStore(revocations: revocations)
        try await check.run(TriedStorage(store: store, other: store, revocations: revocations))
    }
}
