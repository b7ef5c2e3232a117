/// An authorization request whose user is signed in as it asks, with what they are to allow.
struct ConsentStage {
    let request: AuthorizationRequest
    let redirectURI: RedirectURI
    let prompt: ConsentPrompt
    /// What the user allowed this client before; nil where that does not count for this redirect.
    let consent: Consent?

    /// Whether the user has allowed all of it before, so that there is nothing to ask.
    var isAllowedAlready: Bool {
        consent != nil && prompt.items.allSatisfy(\.wasAllowed)
    }

    /// The scopes that come of the ticked ones: what can't be unticked is among them.
    func chosen(_ ticked: [String]) -> [String] {
        let keepsAllowed = prompt.asksForMore
        return prompt.items
            .filter { $0.isRequired || keepsAllowed && $0.wasAllowed || ticked.contains($0.scope) }
            .map(\.scope)
    }

    /// What the user has allowed altogether, once they chose these: what was asked about now and not chosen is not in it.
    func consentedScopes(choosing scopes: [String]) -> [String] {
        let others = consent?.scopes.filter { scope in !prompt.items.contains { $0.scope == scope } } ?? []
        return others + scopes
    }
}
