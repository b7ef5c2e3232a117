import JWT
import StoreConformance
import Testing

@Suite struct MemoryStoreTests {
    @Test(arguments: SigningKeyStoreConformance.checks)
    func `signing keys in memory keep the promise`(check: StoreCheck<any SigningKeyStore>) throws {
        try check.run(MemorySigningKeyStore())
    }

    @Test(arguments: RevocationStoreConformance.checks)
    func `revocations in memory keep the promise`(check: StoreCheck<any RevocationStore>) throws {
        try check.run(MemoryRevocationStore())
    }
}
