import OAuthServer

/// The consent page.
struct ConsentPage: PageModel {
    static let template = "consent"

    /// Why it is shown again.
    enum State: String, CaseIterable {
        case formExpired
    }

    /// One scope.
    struct ScopeView: Sendable {
        /// The id of its box.
        let id: String
        let scope: String
        let what: String
        /// The words of the scopes that come with it.
        let implied: [String]
        let required: Bool
        let ticked: Bool
    }

    /// The scopes that are asked for.
    struct ListView: Sendable {
        let scopes: [ScopeView]
        let canUntick: Bool
        /// Whether others were allowed before.
        let asksMore: Bool
    }

    /// The scopes that were allowed before, where there are others now.
    struct AllowedView: Sendable {
        let scopes: [ScopeView]
    }

    let site: SiteView
    let form: FormView
    let client: ClientView
    let userName: String
    let identityOnly: Bool
    let list: ListView?
    let allowed: AllowedView?
    let target: TargetView
    /// How long the answer is remembered, in words; nil where it is not.
    let remembered: String?
    /// Whether it is not remembered because of where it leads.
    let ownDevice: Bool
    let state: [String: Bool]

    /// - Parameter ticked: what the user had left ticked; nil at first, when everything is.
    init(site: SiteView, form: FormView, prompt: ConsentPrompt, ticked: [String]? = nil, state: State? = nil) {
        self.site = site
        self.form = form
        client = ClientView(prompt.client)
        userName = prompt.user.name
        identityOnly = prompt.isIdentityOnly
        let all = prompt.items.enumerated().map { index, item in
            ScopeView(item, id: "s\(index)", isTicked: ticked?.contains(item.scope) ?? true)
        }
        let asksMore = prompt.asksForMore
        let isOld = prompt.items.map { asksMore && $0.wasAllowed }
        let new = zip(all, isOld).filter { !$1 }.map(\.0)
        list =
            identityOnly
            ? nil : ListView(scopes: new, canUntick: new.contains { !$0.required }, asksMore: asksMore)
        allowed =
            asksMore && !identityOnly
            ? AllowedView(scopes: zip(all, isOld).filter { $1 }.map(\.0)) : nil
        target = TargetView(prompt.redirectTarget, uri: prompt.redirectURI)
        remembered = prompt.isRemembered ? TimeWords.span(prompt.consentLifetime) : nil
        ownDevice = !prompt.isRemembered && (target.localhost || target.loopback)
        self.state = stateFlags(state, problem: true)
    }
}

extension ConsentPage.ScopeView {
    init(_ item: ConsentItem, id: String, isTicked: Bool) {
        self.id = id
        scope = item.scope
        what = item.description
        implied = item.implied.map(\.description)
        required = item.isRequired
        ticked = isTicked
    }
}

extension ClientView {
    init(_ client: OAuthClient) {
        name = ClientText.name(of: client)
    }
}

extension TargetView {
    init(_ target: RedirectTarget, uri: String) {
        let shown = ClientText.visibleURI(uri)
        switch target {
        case .web(let host):
            self.init(host: host, uri: shown, localhost: false, loopback: false, app: false)
        case .loopback(let host, let isLocalhostName):
            self.init(host: host, uri: shown, localhost: isLocalhostName, loopback: !isLocalhostName, app: false)
        case .privateUse(let scheme):
            self.init(host: scheme, uri: shown, localhost: false, loopback: false, app: true)
        }
    }
}
