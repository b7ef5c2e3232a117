import Crypto
import Testing

@testable import PasswordHashing

@Suite struct PasswordHashingPoolTests {
    private static let quick = PasswordHashParameters(memory: 64, iterations: 1)

    @Test func `a hash that the pool made is verified by it`() async throws {
        let pool = try PasswordHashingPool(threads: 2, parameters: Self.quick)
        let stored = try await pool.hash(Array("opensesame".utf8), urgency: .known)
        #expect(
            try await pool.verify(Array("opensesame".utf8), against: stored, urgency: .known)
                == .matches(replacement: nil)
        )
        #expect(try await pool.verify(Array("opensesam".utf8), against: stored, urgency: .unknown) == .differs)
    }

    @Test func `where there is no user, nothing matches`() async throws {
        let pool = try PasswordHashingPool(threads: 1, parameters: Self.quick)
        #expect(try await pool.verify([], against: nil, urgency: .unknown) == .differs)
        #expect(try await pool.verify(Array("opensesame".utf8), against: nil, urgency: .suspect) == .differs)
    }

    @Test func `a hash with other parameters is replaced when its password is at hand, and only then`() async throws {
        let old = try PasswordHash(of: Array("opensesame".utf8), parameters: Self.quick).text
        let wanted = PasswordHashParameters(memory: 128, iterations: 1)
        let pool = try PasswordHashingPool(threads: 1, parameters: wanted)
        #expect(try await pool.verify(Array("wrong".utf8), against: old, urgency: .known) == .differs)
        guard
            case .matches(let replacement?) =
                try await pool.verify(Array("opensesame".utf8), against: old, urgency: .known)
        else { throw Unexpected() }
        let renewed = try PasswordHash(replacement)
        #expect(renewed.parameters == wanted)
        #expect(try renewed.matches(Array("opensesame".utf8)))
    }

    @Test func `a stored text that is no hash is an error, not a wrong password`() async throws {
        let pool = try PasswordHashingPool(threads: 1, parameters: Self.quick)
        await #expect(throws: PasswordHashingError.failed(.malformedPasswordHash)) {
            try await pool.verify([1], against: "plain text", urgency: .known)
        }
    }

    @Test func `whoever finds the line full is told so, and the others are served`() async throws {
        let slow = PasswordHashParameters(memory: 19 * 1024, iterations: 2)
        let pool = try PasswordHashingPool(threads: 1, waitingPerThread: 2, parameters: slow)
        let outcomes = await withTaskGroup(of: PasswordHashingError?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do throws(PasswordHashingError) {
                        _ = try await pool.verify([1], against: nil, urgency: .unknown)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            var all: [PasswordHashingError?] = []
            for await outcome in group { all.append(outcome) }
            return all
        }
        #expect(outcomes.count == 20)
        #expect(outcomes.contains(nil))
        #expect(outcomes.contains(.busy))
        #expect(outcomes.allSatisfy { $0 == nil || $0 == .busy })
    }

    @Test func `parameters out of bounds make no pool`() {
        #expect(throws: CryptoError.malformedPasswordHash) {
            try PasswordHashingPool(threads: 1, parameters: PasswordHashParameters(memory: 1))
        }
    }

    private struct Unexpected: Error {}
}
