import Testing

@testable import OAuthServer

@Suite struct ClientFailureLimiterTests {
    private let limiter = ClientFailureLimiter(perClient: FailureRate(count: 3, period: .seconds(60)))

    @Test func `failures of one client count from wherever they come`() {
        for address in 1...3 {
            #expect(limiter.wait(client: "app", address: "192.0.2.\(address)", at: 0) == 0)
            limiter.noteFailure(client: "app", address: "192.0.2.\(address)", at: 0)
        }
        #expect(limiter.wait(client: "app", address: "192.0.2.9", at: 0) == 20)
        #expect(limiter.wait(client: "app", address: "192.0.2.9", at: 20) == 0)
        #expect(limiter.wait(client: "other", address: "192.0.2.9", at: 0) == 0)
    }

    @Test func `where a client has authenticated from, others cannot keep it out`() {
        limiter.noteSuccess(client: "app", address: "192.0.2.1", at: 0)
        for _ in 1...10 { limiter.noteFailure(client: "app", address: "192.0.2.9", at: 0) }
        #expect(limiter.wait(client: "app", address: "192.0.2.9", at: 0) == 20)
        #expect(limiter.wait(client: "app", address: "192.0.2.1", at: 0) == 0)
        for _ in 1...3 { limiter.noteFailure(client: "app", address: "192.0.2.1", at: 0) }
        #expect(limiter.wait(client: "app", address: "192.0.2.1", at: 0) == 20)
    }

    @Test func `an address is known for a day after the last success`() {
        limiter.noteSuccess(client: "app", address: "192.0.2.1", at: 0)
        limiter.noteSuccess(client: "app", address: "192.0.2.1", at: 80_000)
        for _ in 1...3 { limiter.noteFailure(client: "app", address: "192.0.2.9", at: 160_000) }
        #expect(limiter.wait(client: "app", address: "192.0.2.1", at: 160_000) == 0)
        for _ in 1...3 { limiter.noteFailure(client: "app", address: "192.0.2.9", at: 170_000) }
        #expect(limiter.wait(client: "app", address: "192.0.2.1", at: 170_000) > 0)
    }

    @Test func `without a rate nothing is counted`() {
        let open = ClientFailureLimiter(perClient: nil)
        for _ in 1...100 { open.noteFailure(client: "app", address: "192.0.2.1", at: 0) }
        #expect(open.wait(client: "app", address: "192.0.2.1", at: 0) == 0)
    }
}
