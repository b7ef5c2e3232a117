/// The account page.
struct AccountPage: PageModel {
    static let template = "account"

    /// What was done, or why not.
    enum State: String, CaseIterable {
        case removed
        case sessionEnded
        case passwordChanged
        /// The password that the user has now is another one.
        case passwordMismatch
        case passwordsDiffer
        case passwordTooShort
        case passwordTooLong
        /// It is the user's name.
        case passwordIsName
        case incomplete
        case throttled
        case formExpired
        case busy

        /// The status of the response.
        var status: Int {
            switch self {
            case .removed, .sessionEnded, .passwordChanged: 200
            case .passwordMismatch: 403
            case .passwordsDiffer, .passwordTooShort, .passwordTooLong, .passwordIsName, .incomplete, .formExpired: 400
            case .throttled: 429
            case .busy: 503
            }
        }
    }

    /// An app that the user allowed.
    struct AppView: Sendable {
        /// The client's id.
        let id: String
        let name: String
        let initial: String
        /// Where it lives; nil where that is not known.
        let place: String?
        let scopes: [ScopeView]
        let allowed: String
        let lastUsed: String?
        /// When the user is asked again; nil: every time.
        let asksAgain: String?
    }

    /// A scope that was allowed.
    struct ScopeView: Sendable {
        let scope: String
        let what: String
    }

    /// A browser in which the user is signed in.
    struct SessionView: Sendable {
        /// The hash of its cookie's value, as base64url.
        let id: String
        let device: String
        /// Whether it is the one that asks.
        let current: Bool
        let signedIn: String
        let lastSeen: String
    }

    let site: SiteView
    let form: FormView
    let userName: String
    let apps: [AppView]
    let hasApps: Bool
    let sessions: [SessionView]
    let minimumLength: Int
    let state: [String: Bool]
    /// The name of the app that was removed.
    let removed: String?
    let wait: WaitView?

    init(
        site: SiteView,
        form: FormView,
        userName: String,
        apps: [AppView],
        sessions: [SessionView],
        minimumPasswordLength: Int,
        state: State? = nil,
        removed: String? = nil,
        retryAfter: Int = 0
    ) {
        self.site = site
        self.form = form
        self.userName = userName
        self.apps = apps
        hasApps = !apps.isEmpty
        self.sessions = sessions
        minimumLength = minimumPasswordLength
        var flags = stateFlags(state, problem: (state?.status ?? 200) != 200)
        flags["newPasswordProblem"] = [.passwordsDiffer, .passwordTooShort, .passwordTooLong, .passwordIsName].contains(
            state
        )
        self.state = flags
        self.removed = removed
        wait = state == .throttled ? WaitView(retryAfter: retryAfter) : nil
    }
}
