import Bytes
import Crypto
import JSON
import JWT
import Locking

@testable import OAuthServer

/// Real signing keys, made once for all tests, and what was revoked.
final class TestKeys: TokenMinting, RevocationSink {
    private let clock: TestClock
    private let revoked = Locked(RevocationList())
    private let idTokens = Locked<Set<String>>([])
    private let failure = Locked<StoreError?>(nil)

    init(clock: TestClock) {
        self.clock = clock
    }

    /// From now on no token can be signed.
    func fail(_ error: StoreError) { failure.withLock { $0 = error } }

    func mintAccessToken(_ claims: AccessTokenClaims) async throws(StoreError) -> String {
        let signer = try signer(.es256)
        do throws(CryptoError) {
            return try signer.mint(claims)
        } catch {
            throw .cryptography("\(error)")
        }
    }

    func sign(idToken payload: [UInt8], algorithm: String) async throws(StoreError) -> String {
        guard let algorithm = SignatureAlgorithm(name: algorithm) else { throw .cryptography("no such algorithm") }
        let signer = try signer(algorithm)
        do throws(CryptoError) {
            let token = try signer.sign(payload, type: "JWT")
            idTokens.withLock { _ = $0.insert(token) }
            return token
        } catch {
            throw .cryptography("\(error)")
        }
    }

    func verify(accessToken text: String) async -> VerifiedToken? {
        guard let keys = try? Self.shared.get() else { return nil }
        let verifier = TokenVerifier(issuers: [
            TokenIssuer(own: TestServer.issuer, keys: keys.verificationKeys)
        ])
        let token = Array(text.utf8).withUnsafeBytes { try? verifier.verify($0, at: clock.now) }
        guard let token, !revoked.withLock({ $0.contains(token) }) else { return nil }
        return token
    }

    func claims(ofIDToken text: String) async -> JSONNode? {
        guard idTokens.withLock({ $0.contains(text) }) else { return nil }
        return TestKeys.payload(of: text)
    }

    func apply(_ revocations: [Revocation]) async {
        revoked.withLock { list in
            for revocation in revocations { list.insert(revocation) }
        }
    }

    /// Everything that was applied.
    var applied: RevocationList { revoked.withLock { $0 } }

    /// The claims of a token, whoever made it.
    static func payload(of token: String) -> JSONNode? {
        part(1, of: token)
    }

    /// The header of a token.
    static func header(of token: String) -> JSONNode? {
        part(0, of: token)
    }

    private static func part(_ index: Int, of token: String) -> JSONNode? {
        let parts = token.split(separator: ".")
        guard parts.count == 3, let bytes = Base64URL.decode(String(parts[index])) else { return nil }
        return try? JSONParser.parse(bytes)
    }

    private func signer(_ algorithm: SignatureAlgorithm) throws(StoreError) -> TokenSigner {
        if let failure = failure.withLock({ $0 }) { throw failure }
        guard let signer = try Self.shared.get().signer(algorithm) else { throw .cryptography("no key") }
        return signer
    }

    private static let shared: Result<SigningKeys, StoreError> = {
        let ring = SigningKeyRing(store: MemorySigningKeyStore(), sealingKey: SealingKey(), policy: SigningKeyPolicy())
        do throws(StoreError) {
            _ = try ring.maintain(at: 0)
            return .success(try ring.load())
        } catch {
            return .failure(error)
        }
    }()
}
