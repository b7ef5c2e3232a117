import Configuration
import OAuthServer

/// What slows down who guesses; it outlives reloads, so that one does not forgive anything.
struct AuthorizationLimits: Sendable {
    let logins: LoginLimiter
    let clients: ClientFailureLimiter

    init(_ limits: LimitSettings) {
        logins = LoginLimiter(
            perUser: limits.login.perUser.map(FailureRate.init),
            perAddress: limits.login.perAddress.map(FailureRate.init)
        )
        clients = ClientFailureLimiter(perClient: limits.token.perClient.map(FailureRate.init))
    }

    /// Counts by another configuration from now on.
    func takeOver(_ limits: LimitSettings) {
        logins.use(
            perUser: limits.login.perUser.map(FailureRate.init),
            perAddress: limits.login.perAddress.map(FailureRate.init)
        )
        clients.use(perClient: limits.token.perClient.map(FailureRate.init))
    }
}

extension FailureRate {
    fileprivate init(_ rate: Rate) {
        self.init(count: rate.count, period: rate.period)
    }
}
