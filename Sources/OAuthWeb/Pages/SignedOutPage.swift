/// The page after signing out.
struct SignedOutPage: PageModel {
    static let template = "signed-out"

    /// The way back to the client that asked for it.
    struct BackView: Sendable {
        let client: String
        let host: String
        let location: String
    }

    let site: SiteView
    let back: BackView?
}

/// The question whether to sign out.
struct SignOutPage: PageModel {
    static let template = "sign-out"

    /// Why it is shown again.
    enum State: String, CaseIterable {
        case formExpired
    }

    let site: SiteView
    let form: FormView
    let userName: String
    /// The app that asks for it.
    let client: ClientView?
    let state: [String: Bool]

    init(site: SiteView, form: FormView, userName: String, client: ClientView? = nil, state: State? = nil) {
        self.site = site
        self.form = form
        self.userName = userName
        self.client = client
        self.state = stateFlags(state, problem: true)
    }
}
