import Testing

@testable import OAuthServer
@testable import OAuthWeb

@Suite struct LoginPagesTests {
    private let fixture: PagesFixture
    private let browser: TestBrowser

    init() async throws {
        fixture = try await PagesFixture()
        browser = try TestBrowser(fixture)
        try await browser.open("/authorize", TestBrowser.authorization())
    }

    @Test func `a wrong password keeps the name and the request, and not the password`() async throws {
        let response = try await browser.signIn(" alice ", "hunter2")
        #expect(response.status == 403 && response.refusal == "login_failed" && response.clientID == "web")
        #expect(browser.body.contains("That didn’t match") && browser.body.contains("value=\"alice\""))
        #expect(!browser.body.contains("hunter2"))
        try await browser.signIn()
        try await browser.follow()
        #expect(browser.body.contains("Allow <bdi>Notes Web</bdi>"))
    }

    @Test func `a name is the same whether its accents are typed apart or not`() async throws {
        let composed = "andr\u{E9}"
        let apart = "andre\u{301}"
        let user = OAuthUser(name: composed, passwordHash: "plain:wonderland", createdAt: 0)
        #expect(await fixture.store.insertUser(user))
        let parameters = TestBrowser.authorization() + [("login_hint", apart)]
        try await browser.open("/authorize", parameters)
        #expect(browser.body.contains("value=\"andr") && !browser.body.unicodeScalars.contains("\u{301}"))
        // Failures count for one name, however it is spelt.
        for name in [apart, composed] { #expect(try await browser.signIn(name, "wrong").status == 403) }
        #expect(!browser.body.unicodeScalars.contains("\u{301}"))
        #expect(try await browser.signIn(apart).userName.map { Array($0.utf8) } == Array(composed.utf8))
        let other = try TestBrowser(fixture)
        try await other.open("/login")
        #expect(try await other.signIn(apart, "wrong").status == 403)
        #expect(try await other.signIn(composed).status == 429)
    }

    @Test func `after too many tries the page says how long to wait`() async throws {
        for _ in 0..<3 { #expect(try await browser.signIn("alice", "wrong").status == 403) }
        let response = try await browser.signIn()
        #expect(response.status == 429 && response.refusal == "login_throttled")
        #expect(try #require(browser.field("Retry-After").flatMap { Int($0) }) > 0)
        #expect(browser.body.contains("Trying sooner won’t help.") && !browser.body.contains("aria-invalid"))
    }

    @Test func `too many checks at once are no mistake of the user's`() async throws {
        fixture.passwords.beBusy()
        #expect(try await browser.signIn().status == 503)
        #expect(browser.body.contains("We’re busy right now") && browser.field("Retry-After") != nil)
    }

    @Test func `the page stays while the storage is down`() async throws {
        let broken = try TestBrowser(fixture, store: BrokenStore())
        let response = try await broken.open("/login")
        #expect(response.status == 200, "without a cookie nothing has to be asked")
        #expect(try await broken.signIn().status == 503)
        #expect(broken.body.contains("Signing in isn’t possible right now") && broken.field("Retry-After") == "30")
        #expect(broken.body.contains("value=\"alice\""))
    }

    @Test(arguments: [("", "x"), ("alice", ""), ("  ", "x")])
    func `what is missing is asked for`(name: String, password: String) async throws {
        #expect(try await browser.signIn(name, password).status == 400)
        #expect(browser.body.contains("Enter your username and password."))
    }

    @Test func `a form without its proof signs nobody in`() async throws {
        let response = try await browser.press("sign-in", ["username": "alice", "password": "wonderland", "csrf": "x"])
        #expect(response.status == 400 && response.refusal == "form_not_genuine")
        #expect(browser.body.contains("open too long") && browser.cookies["__Host-gatehouse-session"] == nil)
    }

    @Test func `a session that has ended is told kindly`() async throws {
        try await browser.signIn()
        fixture.advance(by: 4000)
        try await browser.open("/authorize", TestBrowser.authorization())
        #expect(browser.response.status == 200)
        #expect(browser.body.contains("You were signed out because nothing happened for a while."))
    }

    @Test func `to confirm who it is, the name is there already`() async throws {
        try await browser.signIn()
        try await browser.open("/authorize", TestBrowser.authorization(["prompt": "login"]))
        #expect(browser.body.contains("<h1>Confirm it’s you</h1>") && browser.body.contains("value=\"alice\""))
        try await browser.press("switch")
        #expect(
            browser.body.contains("<h1>Sign in</h1>")
                && browser.body.contains("name=\"username\" type=\"text\" value=\"\"")
        )
        #expect(browser.body.contains("You are signed in as <strong><bdi>alice</bdi></strong>."))
        try await browser.signIn("bob")
        try await browser.follow()
        #expect(browser.body.contains("Signed in as <strong><bdi>bob</bdi></strong>"))
    }

    @Test func `a client can name who has to sign in`() async throws {
        try await browser.signIn("bob")
        fixture.makeIDToken("hint", user: "alice", client: "web")
        try await browser.open("/authorize", TestBrowser.authorization(["id_token_hint": "hint"]))
        #expect(browser.body.contains("You are signed in as <strong><bdi>bob</bdi></strong>."))
        #expect(browser.body.contains("value=\"alice\""))
    }

    @Test func `a client's hint fills in the name, as text`() async throws {
        try await browser.open("/authorize", TestBrowser.authorization(["login_hint": "\"\u{301} onfocus=\"x\u{202E}"]))
        #expect(browser.body.contains("value=\"&quot;\u{301} onfocus=&quot;x\""))
    }

    @Test func `cancel goes back to the client without signing in`() async throws {
        try await browser.press("cancel")
        #expect(try #require(browser.refresh).contains("error=access_denied"))
        #expect(browser.cookies["__Host-gatehouse-session"] == nil)
    }

    @Test func `who came without an app goes to the account page`() async throws {
        try await browser.open("/login")
        #expect(!browser.body.contains("to go on to"))
        #expect(try await browser.signIn().status == 200)
        #expect(browser.refresh == "/oauth/account")
        #expect(try await browser.open("/login").status == 303)
        #expect(browser.location == "/oauth/account")
    }

    @Test func `the session's cookie is for this host alone, and the browser is known again for a year`() async throws {
        let response = try await browser.signIn()
        let cookies = response.fields.filter { $0.name == "Set-Cookie" }.map(\.value)
        #expect(cookies.count == 2)
        #expect(
            cookies.contains {
                $0.hasPrefix("__Host-gatehouse-session=") && $0.hasSuffix("; Path=/; Secure; HttpOnly; SameSite=Lax")
            }
        )
        #expect(cookies.contains { $0.hasPrefix("__Host-gatehouse-browser=") && $0.contains("Max-Age=31536000") })
    }
}
