/// What a template is filled with: its stored properties are the names that the template uses.
protocol PageModel: Sendable {
    /// The name of the template.
    static var template: String { get }
}

/// What every page knows.
struct SiteView: Sendable {
    /// What the service calls itself (`pages.product_name`).
    let product: String
    /// The host of the issuer, as users see it in their address bar.
    let host: String
    /// Where the endpoints are: a path without a slash at its end.
    let base: String
    /// The address of the style sheet.
    let style: String
    /// The address of the sign.
    let mark: String
}

/// What the forms of a page carry.
struct FormView: Sendable {
    /// The proof that the form is from a page of ours for this browser.
    let csrf: String
    /// The sealed authorization request that waits for the answer; nil where there is none.
    let request: String?
}

/// A client as users see it.
struct ClientView: Sendable {
    /// Its own claim, made harmless.
    let name: String
}

/// How long to wait before the next try: one of the three.
struct WaitView: Sendable, Equatable {
    let seconds: Int?
    let oneMinute: Bool
    let minutes: Int?

    /// - Parameter retryAfter: seconds; rounded up.
    init(retryAfter: Int) {
        let wait = max(retryAfter, 1)
        let minutes = (wait + 59) / 60
        seconds = wait < 60 ? max(wait, 2) : nil
        oneMinute = wait == 60
        self.minutes = wait > 60 ? minutes : nil
    }
}

/// Where a response goes, as users see it.
struct TargetView: Sendable, Equatable {
    /// The host in ASCII, with the port unless it is the scheme's own; the scheme for an app.
    let host: String
    /// The whole redirect URI.
    let uri: String
    /// Whether it is a program on this device that is found by the name `localhost`.
    let localhost: Bool
    /// Whether it is a program on this device that is found by a loopback address.
    let loopback: Bool
    /// Whether it is an app that owns a URI scheme.
    let app: Bool
}

/// Names the state that a template shows, as `state.NAME`.
func stateFlags<State: RawRepresentable>(_ state: State?, problem: Bool) -> [String: Bool]
where State.RawValue == String {
    guard let state else { return [:] }
    return [state.rawValue: true, "problem": problem]
}
