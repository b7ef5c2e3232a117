import Bytes
import Crypto
import Gateway
import HTTP
import JWT

extension Benchmarks {
    /// Finding out who sent a request.
    static func tokens() throws -> [Benchmark] {
        let rsa = try SignedSample(.rs256)
        precondition(rsa.token.count == 668, "the token is not of the size that the names say: \(rsa.token.count)")
        return [try cacheHit(rsa.token), try admission(rsa)]
            + (try [SignatureAlgorithm.rs256, .es256, .eddsa, .hs256].map(verification))
    }

    private static func cacheHit(_ token: [UInt8]) throws -> Benchmark {
        let cache = VerifiedTokenCache<Marker>(capacity: 4096, byteLimit: 8 << 20, seed: TokenHashSeed(17, 4))
        for number in 0..<1_000 {
            var other = token
            other.withUnsafeMutableBytes { $0.storeBytes(of: UInt32(number), as: UInt32.self) }
            other.withUnsafeBytes { cache.insert(Marker(number), for: $0) }
        }
        token.withUnsafeBytes { cache.insert(Marker(1), for: $0) }
        return Benchmark("Tokens", "verified-token cache, hit, 668 bytes") { count in
            var sum = 0
            for _ in 0..<count { sum &+= token.withUnsafeBytes { cache.value(for: $0)?.number ?? 0 } }
            return sum
        }
    }

    private static func admission(_ sample: SignedSample) throws -> Benchmark {
        let snapshot = try GatewaySnapshot(Samples.definition([Samples.route("/v1/**")]))
        let authenticator = Authenticator(
            verifier: sample.verifier,
            vocabulary: snapshot.vocabulary,
            revocations: RevocationList(),
            capacity: 4096,
            byteLimit: 8 << 20
        )
        let authorization = "Bearer \(String(decoding: sample.token, as: UTF8.self))"
        let head = try Samples.parsedRequest(Samples.requestHead(size: 1300, authorization: authorization))
        let route = snapshot.router.table.routes[0]
        return Benchmark("Tokens", "Authenticator.admit, hit, 668 bytes") { count in
            var sum = 0
            for _ in 0..<count {
                sum &+= try authenticator.admit(head, to: route, at: Samples.unixTime)?.userName?.count ?? 0
            }
            return sum
        }
    }

    private static func verification(_ algorithm: SignatureAlgorithm) throws -> Benchmark {
        let sample = try SignedSample(algorithm)
        return Benchmark("Tokens", "verify \(algorithm.name), \(sample.token.count) bytes") { count in
            var sum = 0
            for _ in 0..<count {
                let token = try sample.token.withUnsafeBytes { try sample.verifier.verify($0, at: Samples.unixTime) }
                sum &+= token.scopes.count
            }
            return sum
        }
    }
}

private final class Marker {
    let number: Int

    init(_ number: Int) {
        self.number = number
    }
}
