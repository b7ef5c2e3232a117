import Testing

@testable import OAuthServer
@testable import OAuthWeb

@Suite struct LogoutPagesTests {
    private let fixture: PagesFixture
    private let browser: TestBrowser

    private let wish = [
        ("id_token_hint", "hint"), ("post_logout_redirect_uri", "https://app.example/bye"), ("state", "a&b"),
    ]

    init() async throws {
        fixture = try await PagesFixture()
        browser = try TestBrowser(fixture)
        try await browser.open("/login")
        try await browser.signIn()
    }

    private var isSignedIn: Bool {
        get async throws {
            let page = try await browser.open("/account")
            return page.userName == "alice"
        }
    }

    @Test func `a user signs out from the account page`() async throws {
        try await browser.open("/account")
        #expect(try await browser.press("sign-out").status == 200)
        #expect(browser.body.contains("You can close this page.") && !browser.body.contains("Back to the app"))
        #expect(browser.cookies["__Host-gatehouse-session"] == nil)
        #expect(try await !isSignedIn)
    }

    @Test func `a link asks first, and staying is an answer`() async throws {
        try await browser.open("/logout")
        #expect(browser.body.contains("<h1>Sign out?</h1>"))
        #expect(try await browser.press("stay").status == 303)
        #expect(try await isSignedIn)
    }

    @Test func `a client that proves whom it means signs them out at once, and the way back is shown`() async throws {
        fixture.makeIDToken("hint", user: "alice", client: "web")
        #expect(try await browser.open("/logout", wish).status == 200)
        #expect(browser.body.contains("<strong><bdi>Notes Web</bdi></strong> at app.example"))
        #expect(browser.body.contains("href=\"https://app.example/bye?state=a%26b\""))
        #expect(try await !isSignedIn)
    }

    @Test func `the way back outlives the question`() async throws {
        fixture.makeIDToken("hint", user: "bob", client: "web")
        try await browser.open("/logout", wish)
        #expect(browser.body.contains("<strong><bdi>Notes Web</bdi></strong> asks to sign you out."))
        try await browser.press("sign-out")
        #expect(browser.body.contains("href=\"https://app.example/bye?state=a%26b\""))
        #expect(try await !isSignedIn)
    }

    @Test func `an address that is not registered is no way back`() async throws {
        fixture.makeIDToken("hint", user: "alice", client: "web")
        try await browser.open(
            "/logout",
            [("id_token_hint", "hint"), ("post_logout_redirect_uri", "https://evil.example/")]
        )
        #expect(!browser.body.contains("evil.example"))
    }

    @Test func `a form without its proof signs nobody out`() async throws {
        try await browser.open("/account")
        #expect(try await browser.press("sign-out", ["csrf": "x"]).status == 400)
        #expect(browser.body.contains("you are still signed in"))
        #expect(try await isSignedIn)
    }

    @Test func `a client's form is sent on by GET, which has our cookie`() async throws {
        #expect(try await browser.post("/logout", wish, from: "cross-site").status == 303)
        #expect(
            browser.location
                == "/oauth/logout?id_token_hint=hint&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&state=a%26b"
        )
        #expect(browser.field("Set-Cookie") == nil)
        try await browser.follow()
        #expect(browser.body.contains("<h1>Sign out?</h1>"))
    }

    @Test func `who is not signed in is signed out`() async throws {
        let stranger = try TestBrowser(fixture)
        #expect(try await stranger.open("/logout").status == 200)
        #expect(stranger.body.contains("You’re signed out") && stranger.field("Set-Cookie") == nil)
    }
}
