/// The sign-in page.
struct LoginPage: PageModel {
    static let template = "login"

    /// Why it is shown again.
    enum State: String, CaseIterable {
        /// No such user, another password, or the user is disabled: nobody is told which.
        case mismatch
        case incomplete
        case throttled
        case formExpired
        /// Too many password checks at once.
        case busy
        /// The storage is down.
        case unavailable
        case sessionExpired

        /// The status of the response.
        var status: Int {
            switch self {
            case .mismatch: 403
            case .incomplete, .formExpired: 400
            case .throttled: 429
            case .busy, .unavailable: 503
            case .sessionExpired: 200
            }
        }
    }

    let site: SiteView
    let form: FormView
    /// The app that the user goes on to.
    let client: ClientView?
    let userName: String
    let hasUserName: Bool
    /// Whether the user is asked to prove that it is still them.
    let confirms: Bool
    /// Who is signed in while somebody else shall be.
    let signedIn: String?
    let state: [String: Bool]
    let wait: WaitView?

    init(
        site: SiteView,
        form: FormView,
        client: ClientView? = nil,
        userName: String = "",
        confirms: Bool = false,
        signedIn: String? = nil,
        state: State? = nil,
        retryAfter: Int = 0
    ) {
        self.site = site
        self.form = form
        self.client = client
        self.userName = userName
        hasUserName = !userName.isEmpty
        self.confirms = confirms
        self.signedIn = signedIn
        self.state = stateFlags(state, problem: state != .sessionExpired)
        wait = state == .throttled ? WaitView(retryAfter: retryAfter) : nil
    }
}
