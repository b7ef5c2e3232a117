import Crypto
import Dispatch
import JSON
import JWT
import Locking
import OAuthServer

/// Makes and checks our own tokens off the event loops, with the keys and revocations that the loops have too.
final class OwnTokens: TokenMinting {
    private struct State {
        var issuer: String
        var keys: SigningKeys
        var verifier: TokenVerifier
        var revocations: RevocationList
        var algorithm: SignatureAlgorithm
        /// By key: until when its use is noted in the storage.
        var reservedUntil: [String: Int64] = [:]
    }

    private let state: Locked<State>
    private let ring: SigningKeyRing
    private let clock: @Sendable () -> Int64
    /// Where the storage is told of a key's use, once an hour, so that no thread of the tasks' pool waits for it.
    private let queue = DispatchQueue(label: "gatehouse.signing", qos: .userInitiated)

    /// - Parameters:
    ///   - algorithm: What access tokens are signed with.
    ///   - clock: The time in seconds since 1970.
    init(
        issuer: String,
        ring: SigningKeyRing,
        keys: SigningKeys,
        revocations: RevocationList,
        algorithm: SignatureAlgorithm,
        clock: @escaping @Sendable () -> Int64 = SystemClock.unixTime
    ) {
        self.ring = ring
        self.clock = clock
        state = Locked(
            State(
                issuer: issuer,
                keys: keys,
                verifier: Self.verifier(issuer, keys),
                revocations: revocations,
                algorithm: algorithm
            )
        )
    }

    /// Takes over other keys.
    func update(keys: SigningKeys) {
        state.withLock { state in
            state.keys = keys
            state.verifier = Self.verifier(state.issuer, keys)
            state.reservedUntil = state.reservedUntil.filter { id, _ in keys.records.contains { $0.keyID == id } }
        }
    }

    /// Takes over another list of revocations.
    func update(revocations: RevocationList) {
        state.withLock { $0.revocations = revocations }
    }

    /// Takes over what another configuration says of our tokens: whose they are, and what access tokens are signed with.
    func update(issuer: String, algorithm: SignatureAlgorithm) {
        state.withLock { state in
            state.issuer = issuer
            state.verifier = Self.verifier(issuer, state.keys)
            state.algorithm = algorithm
        }
    }

    func mintAccessToken(_ claims: AccessTokenClaims) async throws(StoreError) -> String {
        let signer = try await signer(state.withLock { $0.algorithm }, until: claims.expiresAt)
        return try Self.signing { () throws(CryptoError) in try signer.mint(claims) }
    }

    func sign(idToken payload: [UInt8], algorithm: String) async throws(StoreError) -> String {
        guard let algorithm = SignatureAlgorithm(name: algorithm) else {
            throw .cryptography("no algorithm for ID tokens is called \(algorithm)")
        }
        // Nobody accepts an ID token for longer than the access token beside it, whose hour is noted already.
        let signer = try await signer(algorithm, until: clock())
        return try Self.signing { () throws(CryptoError) in try signer.sign(payload, type: "JWT") }
    }

    func verify(accessToken text: String) async -> VerifiedToken? {
        let (verifier, revocations) = state.withLock { ($0.verifier, $0.revocations) }
        var text = text
        let token = text.withUTF8 { bytes in
            try? verifier.verify(UnsafeRawBufferPointer(bytes), at: clock())
        }
        guard let token, !revocations.contains(token) else { return nil }
        return token
    }

    func claims(ofIDToken text: String) async -> JSONNode? {
        let verifier = state.withLock { $0.verifier }
        var text = text
        return text.withUTF8 { bytes in
            try? verifier.ownSignedClaims(
                UnsafeRawBufferPointer(bytes),
                types: TokenTypes(["JWT"], allowsAbsent: false)
            )
        }
    }

    /// What signs now, with its use noted for as long as the token will be accepted.
    private func signer(
        _ algorithm: SignatureAlgorithm,
        until unixTime: Int64
    ) async throws(StoreError) -> TokenSigner {
        for _ in 0..<3 {
            guard let (signer, isReserved) = current(algorithm, until: unixTime) else { break }
            if isReserved { return signer }
            try await reserve(algorithm, until: unixTime)
        }
        throw .cryptography("no key for \(algorithm.name)")
    }

    private func current(
        _ algorithm: SignatureAlgorithm,
        until unixTime: Int64
    ) -> (signer: TokenSigner, isReserved: Bool)? {
        state.withLock { state in
            guard let signer = state.keys.signer(algorithm) else { return nil }
            return (signer, state.reservedUntil[signer.keyID].map { unixTime <= $0 } ?? false)
        }
    }

    private func reserve(_ algorithm: SignatureAlgorithm, until unixTime: Int64) async throws(StoreError) {
        let result: Result<Void, StoreError> = await withCheckedContinuation { continuation in
            queue.async { [self] in
                do throws(StoreError) {
                    continuation.resume(returning: .success(try reserveNow(algorithm, until: unixTime)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        try result.get()
    }

    private func reserveNow(_ algorithm: SignatureAlgorithm, until unixTime: Int64) throws(StoreError) {
        // Of many requests that find a new hour, the first has done it for all.
        guard let (signer, isReserved) = current(algorithm, until: unixTime), !isReserved else { return }
        let hour: Int64 = 3600
        let until = (min(unixTime, 1 << 53) + hour - 1) / hour * hour
        guard try ring.reserveUse(of: signer, until: until) else { return update(keys: try ring.load()) }
        state.withLock { $0.reservedUntil[signer.keyID] = until }
    }

    private static func verifier(_ issuer: String, _ keys: SigningKeys) -> TokenVerifier {
        TokenVerifier(issuers: [TokenIssuer(own: issuer, keys: keys.verificationKeys)])
    }

    private static func signing(_ work: () throws(CryptoError) -> String) throws(StoreError) -> String {
        do throws(CryptoError) {
            return try work()
        } catch {
            throw .cryptography("\(error)")
        }
    }
}
