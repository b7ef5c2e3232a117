import Testing

@testable import OAuthServer
@testable import OAuthWeb

@Suite struct AuthorizePagesTests {
    private let fixture: PagesFixture
    private let browser: TestBrowser

    init() async throws {
        fixture = try await PagesFixture()
        browser = try TestBrowser(fixture)
    }

    @Test func `a request leads by sign-in and consent back to the client, and its parameters come along`() async throws
    {
        try await browser.reachConsent()
        let response = try await browser.press("allow")
        #expect(response.status == 200)
        let back = try #require(browser.refresh)
        #expect(back.hasPrefix("https://app.example/callback?code="))
        #expect(back.contains("&state=s1&iss=https%3A%2F%2Fgate.example.com"))
        #expect(response.clientID == "web" && response.userName == "alice" && response.refusal == nil)
        #expect(browser.body.contains("Going back to <bdi>Notes Web</bdi>"))
    }

    @Test func `whoever does not navigate is redirected back`() async throws {
        browser.navigates = false
        try await browser.reachConsent()
        #expect(try await browser.press("allow").status == 303)
        #expect(try #require(browser.location).hasPrefix("https://app.example/callback?code="))
        #expect(browser.field("Referrer-Policy") == "no-referrer" && browser.field("Cache-Control") == "no-store")
    }

    @Test func `a link that needs no answer is a redirect, and one after a form is a page`() async throws {
        try await browser.reachConsent()
        try await browser.press("allow")
        #expect(try await browser.open("/authorize", TestBrowser.authorization()).status == 303)
        #expect(try #require(browser.location).hasPrefix("https://app.example/callback?code="))
        try await browser.open("/authorize", TestBrowser.authorization(["prompt": "login"]))
        try await browser.signIn()
        #expect(try await browser.follow().status == 200)
        #expect(try #require(browser.refresh).contains("?code="))
    }

    @Test func `an app's own scheme is a page that says so`() async throws {
        try await browser.reachConsent([
            "client_id": "native", "redirect_uri": "com.example.app:/callback", "scope": "notes:read",
        ])
        #expect(browser.body.contains("An app on this device opens next."))
        try await browser.press("allow")
        #expect(browser.body.contains("Going back to <bdi>native</bdi>"))
        #expect(browser.body.contains("An app on this device should open by itself."))
    }

    @Test func `a form of a client's page is sent on by GET, which has our cookie`() async throws {
        try await browser.open("/account")
        try await browser.signIn()
        let fields = TestBrowser.authorization()
        #expect(try await browser.post("/authorize", fields, from: "cross-site").status == 303)
        #expect(try #require(browser.location).hasPrefix("/oauth/continue?request="))
        try await browser.follow()
        #expect(browser.body.contains("Allow <bdi>Notes Web</bdi>"))
    }

    @Test func `a request that is too long for an address goes on without one`() async throws {
        let state = String(repeating: "s", count: 4096)
        let nonce = String(repeating: "n", count: 1024)
        let fields = TestBrowser.authorization(["state": state, "nonce": nonce])
        #expect(try await browser.post("/authorize", fields).status == 200)
        #expect(try await browser.signIn().status == 200)
        #expect(browser.body.contains("Allow <bdi>Notes Web</bdi>"))
        try await browser.press("deny")
        #expect(try #require(browser.refresh).contains("error=access_denied"))
    }

    @Test(arguments: [
        (["client_id": "nobody"], "This app isn’t known here.", "unknown_client"),
        (["redirect_uri": "https://evil.example/"], "never registered", "redirect_uri_not_registered"),
    ])
    func `who can't be answered is told on a page`(changes: [String: String], text: String, reason: String) async throws
    {
        let response = try await browser.open("/authorize", TestBrowser.authorization(changes))
        #expect(response.status == 400 && response.refusal == reason)
        #expect(browser.body.contains(text) && browser.body.contains("<code>r1</code>"))
        #expect(!browser.body.contains("href=\"https://evil") && browser.location == nil && browser.refresh == nil)
    }

    @Test func `a client's mistakes go back to it`() async throws {
        let response = try await browser.open("/authorize", TestBrowser.authorization(["response_type": "token"]))
        #expect(response.status == 303 && response.refusal == "unsupported_response_type")
        #expect(try #require(browser.location).contains("error=unsupported_response_type"))
        #expect(browser.cookies.isEmpty)
    }

    @Test(arguments: ["", "x", "AAAA"]) func `what was not sealed here does not go on`(sealed: String) async throws {
        #expect(try await browser.open("/continue", [("request", sealed)]).status == 400)
        #expect(browser.body.contains("That page was too old"))
    }

    @Test func `a page that was open for hours has to be asked for again`() async throws {
        try await browser.open("/authorize", TestBrowser.authorization())
        fixture.advance(by: UserPages.requestLifetime + 1)
        #expect(try await browser.signIn().status == 400)
        #expect(browser.body.contains("That page was too old"))
    }

    @Test func `nobody knows anything while the storage is down`() async throws {
        let broken = try TestBrowser(fixture, store: BrokenStore())
        let response = try await broken.open("/authorize", TestBrowser.authorization())
        #expect(response.status == 503 && response.refusal == "storage_unavailable")
        #expect(broken.field("Retry-After") == "30")
        #expect(broken.body.contains("Apps you already allowed keep working.") && !broken.body.contains("it is broken"))
    }

    @Test func `parameters that can't be read are a page`() throws {
        for endpoint in browser.pages.all {
            let request = WebRequest(method: .get, path: "/oauth" + endpoint.path)
            let response = endpoint.refuse(request, .query(.malformedText))
            #expect(response.status == 400 || endpoint.path.hasSuffix(".css") || endpoint.path.hasSuffix(".svg"))
        }
    }

    @Test func `every page has the policy, and nothing of it is kept`() async throws {
        try await browser.open("/authorize", TestBrowser.authorization())
        #expect(
            browser.field("Content-Security-Policy") == """
                default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                frame-ancestors 'none'
                """
        )
        #expect(browser.field("Cache-Control") == "no-store" && browser.field("Referrer-Policy") == "no-referrer")
        #expect(browser.field("X-Content-Type-Options") == "nosniff")
        #expect(browser.field("Content-Type") == "text/html; charset=utf-8")
    }

    @Test func `the style sheet and the sign are kept for ever, under an address that changes with them`() async throws
    {
        let style = try await browser.open("/gatehouse.css")
        #expect(style.status == 200 && browser.field("Content-Type") == "text/css; charset=utf-8")
        #expect(browser.field("Cache-Control") == "public, max-age=31536000, immutable")
        #expect(try await browser.open("/mark.svg").status == 200)
        let other = try PageTheme(styleSheet: Array("body{}".utf8))
        #expect(other.version != browser.pages.theme.version)
        #expect(browser.pages.site.style == "/oauth/gatehouse.css?v=\(browser.pages.theme.version)")
    }
}
