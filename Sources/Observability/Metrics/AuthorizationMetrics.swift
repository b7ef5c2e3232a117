/// What is counted for the authorization server; for any thread that is not a loop.
package struct AuthorizationMetrics: Sendable {
    /// What trying to sign in came to.
    package enum LoginOutcome: String, Sendable, CaseIterable {
        case succeeded
        case failed
        /// Refused before the password was looked at.
        case throttled
        /// Turned away: too many passwords waited to be checked.
        case busy
    }

    private let registry: MetricsRegistry
    private let logins: [LoginOutcome: Counter]
    private let tokens: [String: Counter]

    fileprivate init(registry: MetricsRegistry, grantTypes: [String]) {
        self.registry = registry
        logins = Dictionary(
            uniqueKeysWithValues: LoginOutcome.allCases.map { outcome in
                let labels = [MetricLabel("outcome", outcome.rawValue)]
                return (outcome, registry.counter(MetricName.logins, help: "Log-ins, by outcome.", labels: labels))
            }
        )
        tokens = Dictionary(
            grantTypes.map { type in
                let labels = [MetricLabel("grant_type", type)]
                let help = "Answers of the token endpoint that carried tokens, by grant type."
                return (type, registry.counter(MetricName.tokens, help: help, labels: labels))
            },
            uniquingKeysWith: { first, _ in first }
        )
    }

    package func countLogin(_ outcome: LoginOutcome) {
        if let counter = logins[outcome] { registry.increment(counter) }
    }

    /// Counts an answer with tokens; a grant type that was not named at the start is left out.
    package func countTokens(grantType: String) {
        if let counter = tokens[grantType] { registry.increment(counter) }
    }
}

extension MetricsRegistry {
    /// The metrics of the authorization server, with a counter for each grant type that it knows.
    package func authorizationMetrics(grantTypes: [String]) -> AuthorizationMetrics {
        AuthorizationMetrics(registry: self, grantTypes: grantTypes)
    }
}
