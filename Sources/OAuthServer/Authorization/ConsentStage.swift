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
        prompt.items.filter { $0.isRequired || $0.wasAllowed || ticked.contains($0.scope) }.map(\.scope)
    }
}
