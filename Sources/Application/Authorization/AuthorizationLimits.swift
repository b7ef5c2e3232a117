import Configuration
import OAuthServer

/// What slows down who guesses; it outlives reloads, so that one does not forgive anything.
struct AuthorizationLimits: Sendable {
    let logins: LoginLimiter
    let clients: ClientFailureLimiter

    init(_ limits: LimitSettings) {
        logins = LoginLimiter(
            perUser: FailureRate(limits.login.perUser),
            perAddress: FailureRate(limits.login.perAddress)
        )
        clients = ClientFailureLimiter(perClient: FailureRate(limits.token.perClient))
    }

    /// Counts by another configuration from now on.
    func takeOver(_ limits: LimitSettings) {
        logins.use(
            perUser: FailureRate(limits.login.perUser),
            perAddress: FailureRate(limits.login.perAddress)
        )
        clients.use(perClient: FailureRate(limits.token.perClient))
    }
}
