import Crypto
import OAuthServer
import Observability
import PasswordHashing
import Testing

@testable import Application

@Suite struct PasswordCheckerTests {
    private static let quick = PasswordHashParameters(memory: 64, iterations: 1)
    private let checker: PasswordChecker

    init() throws {
        checker = PasswordChecker(
            pool: try PasswordHashingPool(threads: 1, parameters: Self.quick),
            metrics: MetricsRegistry(shards: 1).authorizationMetrics(grantTypes: [])
        )
    }

    @Test func `a password matches its own hash`() async throws {
        let hash = try #require(await checker.hash(Array("opensesame".utf8)))
        let right = await checker.check(Array("opensesame".utf8), against: hash, urgency: .known)
        #expect(right == .matches(replacement: nil))
        let wrong = await checker.check(Array("open".utf8), against: hash, urgency: .unknown)
        #expect(wrong == .differs)
    }

    @Test func `a stored text that is no hash matches nothing`() async throws {
        for text in ["", "opensesame", "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"] {
            let check = await checker.check(Array("opensesame".utf8), against: text, urgency: .suspect)
            #expect(check == .differs)
        }
    }
}
