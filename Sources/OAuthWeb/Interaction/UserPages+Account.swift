import Bytes
import HTTP
import JWT
import OAuthServer

extension UserPages {
    /// The account page and its forms.
    @Sendable func account(_ request: WebRequest) async throws(StoreError) -> WebResponse {
        let session = try await signIn.current(request.cookies[cookies.session.name])
        guard let current = session.user else { return loginPage(.first, session, nil, nil, for: request) }
        var response: WebResponse
        if request.method == .post {
            response = try await change(current, request)
        } else {
            response = try await accountPage(of: current, done(request), for: request)
        }
        response.userName = current.user.name
        return response
    }

    private func change(_ current: CurrentSession, _ request: WebRequest) async throws(StoreError) -> WebResponse {
        guard forms.isGenuine(request) else {
            return try await accountPage(of: current, AccountNotice(.formExpired), for: request)
        }
        switch request.form["action"] {
        case "remove":
            let id = request.form["app"] ?? ""
            let hadAny = try await server.removeApp(id, ofUser: current.user.name, context: request.context)
            return .redirect(to: hadAny ? address(of: .removed, app: id) : accountPath)
        case "end-session":
            let id = request.form["session"].flatMap { Base64URL.decode($0) } ?? []
            let hasEnded = try await signIn.end(session: id, by: current, context: request.context)
            return .redirect(to: hasEnded ? address(of: .sessionEnded) : accountPath)
        case "change-password":
            let notice = try await changePassword(of: current, request)
            guard notice.state != .passwordChanged else { return .redirect(to: address(of: .passwordChanged)) }
            return try await accountPage(of: current, notice, for: request)
        default: return .redirect(to: accountPath)
        }
    }

    private func changePassword(
        of current: CurrentSession,
        _ request: WebRequest
    ) async throws(StoreError) -> AccountNotice {
        let fields = ["current_password", "new_password", "new_password_again"].map { request.form[$0] ?? "" }
        guard !fields.contains("") else { return AccountNotice(.incomplete) }
        guard fields[1].utf8.elementsEqual(fields[2].utf8) else { return AccountNotice(.passwordsDiffer) }
        let change = try await signIn.changePassword(
            of: current,
            from: fields[0],
            to: fields[1],
            context: request.context
        )
        switch change {
        case .changed: return AccountNotice(.passwordChanged)
        case .wrongPassword: return AccountNotice(.passwordMismatch)
        case .unsuitable(.tooShort): return AccountNotice(.passwordTooShort)
        case .unsuitable(.tooLong): return AccountNotice(.passwordTooLong)
        case .unsuitable(.sameAsUserName): return AccountNotice(.passwordIsName)
        case .throttled(let retryAfter): return AccountNotice(.throttled, retryAfter: retryAfter)
        case .busy(let retryAfter): return AccountNotice(.busy, retryAfter: retryAfter)
        }
    }

    // MARK: The page

    private func accountPage(
        of current: CurrentSession,
        _ notice: AccountNotice,
        for request: WebRequest
    ) async throws(StoreError) -> WebResponse {
        let now = clock()
        let apps = try await server.allowedApps(ofUser: current.user.name).map { view(of: $0, at: now) }
        let sessions = try await signIn.sessions(of: current).map { session in
            AccountPage.SessionView(
                id: Base64URL.encode(session.idHash),
                device: Device.name(userAgent: session.userAgent),
                current: session.idHash == current.session.idHash,
                signedIn: TimeWords.ago(session.authenticatedAt, now: now),
                lastSeen: TimeWords.ago(session.lastSeenAt, now: now)
            )
        }
        let removed = try await removedApp(notice)
        let state = notice.state == .removed && removed == nil ? nil : notice.state
        var response = show(for: request, status: state?.status ?? 200, retryAfter: notice.retryAfter) { form in
            AccountPage(
                site: site,
                form: form,
                userName: current.user.name,
                apps: apps,
                sessions: sessions,
                minimumPasswordLength: PasswordRule.minimumLength,
                state: state,
                removed: removed,
                retryAfter: Int(clamping: notice.retryAfter ?? 0)
            )
        }
        response.refusal = state?.reason
        return response
    }

    private func view(of app: AllowedApp, at now: Int64) -> AccountPage.AppView {
        let name = app.client.map(ClientText.name(of:)) ?? ClientText.cleaned(app.clientID, limit: 60)
        return AccountPage.AppView(
            id: app.clientID,
            name: name,
            initial: name.first.map { $0.uppercased() } ?? "",
            place: app.target.map { TargetView($0, uri: "").host },
            scopes: app.scopes.map { AccountPage.ScopeView(scope: $0.name, what: $0.description) },
            allowed: TimeWords.ago(app.allowedAt, now: now),
            lastUsed: app.lastUsedAt.map { TimeWords.ago($0, now: now) },
            asksAgain: app.consentExpiresAt.map { TimeWords.date($0) }
        )
    }

    // MARK: What was done

    /// The address that shows the page with a note of what was done: a form is never the last thing in the history.
    private func address(of state: AccountPage.State, app: String? = nil) -> String {
        let name = app.map { "&app=\(PercentEncoding.encodeComponent($0))" } ?? ""
        return "\(accountPath)?done=\(state.rawValue)\(name)"
    }

    /// The note that the address asks for; only what was done can be said that way.
    private func done(_ request: WebRequest) -> AccountNotice {
        guard let state = request.query["done"].flatMap(AccountPage.State.init(rawValue:)), state.status == 200 else {
            return AccountNotice(nil)
        }
        return AccountNotice(state, app: request.query["app"])
    }

    /// The name of the app that was removed; only a client's own name can be shown that way.
    private func removedApp(_ notice: AccountNotice) async throws(StoreError) -> String? {
        guard notice.state == .removed, let id = notice.app else { return nil }
        return try await server.clients.client(id).map(ClientText.name(of:))
    }
}

/// What the account page says besides what is there.
private struct AccountNotice {
    let state: AccountPage.State?
    /// The id of the app that it is about.
    let app: String?
    /// Seconds.
    let retryAfter: Int64?

    init(_ state: AccountPage.State?, app: String? = nil, retryAfter: Int64? = nil) {
        self.state = state
        self.app = app
        self.retryAfter = retryAfter
    }
}

extension AccountPage.State {
    /// A word for the access log and the metrics; nil where nothing was refused.
    fileprivate var reason: String? {
        switch self {
        case .removed, .sessionEnded, .passwordChanged: nil
        case .passwordMismatch: "login_failed"
        case .passwordsDiffer, .passwordTooShort, .passwordTooLong, .passwordIsName, .incomplete: "malformed_request"
        case .throttled: "login_throttled"
        case .formExpired: "form_not_genuine"
        case .busy: "overloaded"
        }
    }
}
