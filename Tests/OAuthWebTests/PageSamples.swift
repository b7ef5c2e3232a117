@testable import OAuthServer
@testable import OAuthWeb

/// Every page in every state, for the tests of what they all have in common and for the eye.
enum PageSamples {
    static let site = SiteView(
        product: "Gatehouse",
        host: "gate.example.com",
        base: "/oauth",
        style: "/oauth/gatehouse.css",
        mark: "/oauth/mark.svg"
    )
    static let form = FormView(csrf: "csrf-token", request: "sealed-request")
    /// 24 November 2025, 09:41:07 UTC.
    static let now: Int64 = 1_763_977_267

    static func all(_ templates: PageTemplates) -> [(name: String, html: String)] {
        (logins + consents + accounts + others).map { ($0.0, html($0.1, templates)) }
    }

    static func html(_ page: any PageModel, _ templates: PageTemplates) -> String {
        String(decoding: templates.render(page), as: UTF8.self)
    }

    // MARK: Sign in

    private static let app = ClientView(name: "Notes Desktop")

    private static var logins: [(String, any PageModel)] {
        let first = [
            ("login", LoginPage(site: site, form: form, client: app)),
            ("login-alone", LoginPage(site: site, form: FormView(csrf: "csrf-token", request: nil))),
            ("login-hint", LoginPage(site: site, form: form, client: app, userName: "alice")),
            ("login-confirm", LoginPage(site: site, form: form, client: app, userName: "alice", confirms: true)),
            ("login-other", LoginPage(site: site, form: form, client: app, signedIn: "bob")),
        ]
        let again = LoginPage.State.allCases.map { state in
            (
                "login-\(state)",
                LoginPage(site: site, form: form, client: app, userName: "alice", state: state, retryAfter: 233)
            )
        }
        return first + again
    }

    // MARK: Consent

    static let client = OAuthClient(
        id: "notes-desktop",
        name: "Notes Desktop",
        authenticationMethod: .none,
        redirectURIs: ["https://notes.example.com/oauth/callback"],
        scopes: ["notes:read", "notes:write", "offline_access"],
        requiredScopes: ["notes:read"]
    )

    static let items = [
        ConsentItem(
            scope: "notes:read",
            description: "Read your notes",
            isRequired: true,
            implied: [],
            wasAllowed: false
        ),
        ConsentItem(
            scope: "notes:write",
            description: "Write notes as you",
            isRequired: false,
            implied: [ScopeDefinition(name: "notes:list", description: "See the titles of your notes")],
            wasAllowed: false
        ),
        ConsentItem(
            scope: "offline_access",
            description: "Keep this access when you are away",
            isRequired: false,
            implied: [],
            wasAllowed: false
        ),
    ]

    static func prompt(
        _ client: OAuthClient = client,
        items: [ConsentItem] = items,
        to target: RedirectTarget = .web(host: "notes.example.com"),
        _ uri: String = "https://notes.example.com/oauth/callback"
    ) -> ConsentPrompt {
        let isWeb = if case .web = target { true } else { false }
        return ConsentPrompt(
            client: client,
            user: SignedInUser(name: "alice", restrictedScopes: [], authenticatedAt: now - 60),
            items: items,
            redirectURI: uri,
            redirectTarget: target,
            isRemembered: isWeb,
            consentLifetime: 30 * 86_400
        )
    }

    private static var consents: [(String, any PageModel)] {
        var allowedBefore = items
        allowedBefore[0].wasAllowed = true
        let identity = [
            ConsentItem(
                scope: "openid",
                description: "Know who you are",
                isRequired: true,
                implied: [],
                wasAllowed: false
            )
        ]
        var allNeeded = items
        for index in allNeeded.indices { allNeeded[index].isRequired = true }
        let prompts: [(String, ConsentPrompt)] = [
            ("consent", prompt()),
            ("consent-no-scopes", prompt(items: [])),
            ("consent-identity", prompt(items: identity)),
            ("consent-all-needed", prompt(items: allNeeded)),
            ("consent-more", prompt(items: allowedBefore)),
            (
                "consent-localhost",
                prompt(to: .loopback(host: "localhost:53682", isLocalhostName: true), "http://localhost:53682/callback")
            ),
            (
                "consent-loopback",
                prompt(to: .loopback(host: "[::1]:53682", isLocalhostName: false), "http://[::1]:53682/callback")
            ),
            ("consent-app", prompt(to: .privateUse(scheme: "com.example.app"), "com.example.app:/oauth/callback")),
        ]
        let first = prompts.map { ($0.0, ConsentPage(site: site, form: form, prompt: $0.1)) }
        let again = ConsentPage.State.allCases.map { state in
            (
                "consent-\(state)",
                ConsentPage(site: site, form: form, prompt: prompt(), ticked: ["notes:read"], state: state)
            )
        }
        return first + again
    }

    // MARK: Account

    static let apps = [
        AccountPage.AppView(
            id: "notes-desktop",
            name: "Notes Desktop",
            initial: "N",
            place: "notes.example.com",
            scopes: [
                AccountPage.ScopeView(scope: "notes:read", what: "Read your notes"),
                AccountPage.ScopeView(scope: "notes:write", what: "Write notes as you"),
                AccountPage.ScopeView(scope: "offline_access", what: "Keep this access when you are away"),
            ],
            allowed: "3 November 2025",
            lastUsed: "8 minutes ago",
            asksAgain: "3 December 2025"
        ),
        AccountPage.AppView(
            id: "backup",
            name: "Backup job",
            initial: "B",
            place: "a program on your own device",
            scopes: [],
            allowed: "just now",
            lastUsed: nil,
            asksAgain: nil
        ),
    ]

    static let sessions = [
        AccountPage.SessionView(
            id: "c2Vzc2lvbi0x",
            device: "Firefox on Linux",
            current: true,
            signedIn: "5 minutes ago",
            lastSeen: "just now"
        ),
        AccountPage.SessionView(
            id: "c2Vzc2lvbi0y",
            device: "Safari on iPhone",
            current: false,
            signedIn: "7 hours ago",
            lastSeen: "2 hours ago"
        ),
    ]

    static func account(_ state: AccountPage.State? = nil, apps: [AccountPage.AppView] = apps) -> AccountPage {
        AccountPage(
            site: site,
            form: FormView(csrf: "csrf-token", request: nil),
            userName: "alice",
            apps: apps,
            sessions: sessions,
            minimumPasswordLength: 8,
            state: state,
            removed: state == .removed ? "Old Importer" : nil,
            retryAfter: 20
        )
    }

    private static var accounts: [(String, any PageModel)] {
        [("account", account()), ("account-empty", account(apps: []))]
            + AccountPage.State.allCases.map { ("account-\($0)", account($0)) }
    }

    // MARK: Going back, signing out, errors

    private static var others: [(String, any PageModel)] {
        let location =
            "https://notes.example.com/oauth/callback?code=abc&state=x%22y&iss=https%3A%2F%2Fgate.example.com"
        let web = TargetView(.web(host: "notes.example.com"), uri: location)
        let scheme = TargetView(.privateUse(scheme: "com.example.app"), uri: "com.example.app:/cb?code=abc")
        let back = SignedOutPage.BackView(client: "Notes Desktop", host: "notes.example.com", location: location)
        let first: [(String, any PageModel)] = [
            ("returning", ReturningPage(site: site, client: app, target: web, location: location)),
            (
                "returning-app",
                ReturningPage(site: site, client: app, target: scheme, location: "com.example.app:/cb?code=abc")
            ),
            ("signed-in", SignedInPage(site: site, location: "/oauth/account")),
            ("signed-out", SignedOutPage(site: site, back: nil)),
            ("signed-out-back", SignedOutPage(site: site, back: back)),
            ("sign-out", SignOutPage(site: site, form: form, userName: "alice", client: app)),
        ]
        let asked = SignOutPage.State.allCases.map { state in
            ("sign-out-\(state)", SignOutPage(site: site, form: form, userName: "alice", state: state) as any PageModel)
        }
        let evil = "https://notes.example.com.signin.example.org/oauth/callback"
        let problems: [(String, ErrorPage.Problem)] = [
            ("unknown-client", .authorization(.unknownClient(id: "old-app"))),
            ("no-client", .authorization(.unknownClient(id: nil))),
            ("redirect-uri", .authorization(.redirectURINotRegistered(client: client, uri: evil))),
            ("malformed", .authorization(.malformed(detail: "redirect_uri is missing, and the app has several"))),
            ("form-expired", .formExpired),
            ("unavailable", .unavailable),
            ("unreadable", .unreadable("A parameter is not UTF-8 text")),
        ]
        return first + asked
            + problems.map { name, problem in
                ("error-\(name)", ErrorPage(site: site, problem: problem, requestID: "01JD4Q8ZK3V7N2M5", unixTime: now))
            }
    }
}
