import Bytes
import Testing

@testable import OAuthServer
@testable import OAuthWeb

@Suite struct AccountPagesTests {
    private let fixture: PagesFixture
    private let browser: TestBrowser

    init() async throws {
        fixture = try await PagesFixture()
        browser = try TestBrowser(fixture)
        try await browser.open("/login")
        try await browser.signIn()
    }

    private func allowApp() async throws {
        await fixture.store.saveConsent(
            Consent(
                userName: "alice",
                clientID: "web",
                scopes: ["notes:read", "old:scope"],
                grantedAt: fixture.now - 7200,
                expiresAt: fixture.now + 86_400
            )
        )
    }

    private func change(_ now: String, _ new: String, _ again: String? = nil) async throws -> WebResponse {
        try await browser.open("/account")
        return try await browser.press(
            "change-password",
            ["current_password": now, "new_password": new, "new_password_again": again ?? new]
        )
    }

    @Test func `an app is shown in words and can be removed`() async throws {
        try await allowApp()
        try await browser.open("/account")
        for text in [
            "Notes Web", "app.example", "Read your notes", "old:scope", "Allowed 2 hours ago",
            "asks you again on 16 January 2027",
        ] {
            #expect(browser.body.contains(text), "\(text)")
        }
        #expect(try await browser.press("remove").status == 303)
        try await browser.follow()
        #expect(browser.body.contains("You removed <strong><bdi>Notes Web</bdi></strong>."))
        #expect(browser.body.contains("No apps yet."))
    }

    @Test func `a link can't make the page say what was not done to a client of ours`() async throws {
        try await browser.open("/account", [("done", "removed"), ("app", "Your bank")])
        #expect(!browser.body.contains("Your bank") && !browser.body.contains("You removed"))
        for state in ["passwordMismatch", "throttled", "x", ""] {
            #expect(try await browser.open("/account", [("done", state)]).status == 200)
            #expect(!browser.body.contains("class=\"note"), "\(state)")
        }
    }

    @Test func `another session can be ended, and this one only by signing out`() async throws {
        let other = try TestBrowser(fixture)
        try await other.open("/login")
        try await other.signIn()
        try await browser.open("/account")
        #expect(browser.body.split(separator: "value=\"end-session\"").count == 2)
        #expect(try await browser.press("end-session").status == 303)
        try await browser.follow()
        #expect(browser.body.contains("Signed out there.") && !browser.body.contains("value=\"end-session\""))
        #expect(try await other.open("/account").userName == nil)
    }

    @Test func `a session of somebody else can't be ended`() async throws {
        let bob = try TestBrowser(fixture)
        try await bob.open("/login")
        try await bob.signIn("bob")
        let theirs = await fixture.store.sessions(ofUser: "bob")
        let second = try TestBrowser(fixture)
        try await second.open("/login")
        try await second.signIn()
        try await browser.open("/account")
        for id in [Base64URL.encode(theirs[0].idHash), "", "%%", "AAAA"] {
            try await browser.open("/account")
            #expect(try await browser.press("end-session", ["session": id]).status == 303)
            #expect(browser.location == "/oauth/account", "nothing was done")
        }
        #expect(try await bob.open("/account").userName == "bob")
    }

    @Test func `a new password ends the other sessions`() async throws {
        let other = try TestBrowser(fixture)
        try await other.open("/login")
        try await other.signIn()
        #expect(try await change("wonderland", "looking glass").status == 303)
        try await browser.follow()
        #expect(browser.body.contains("Your password is changed") && browser.response.userName == "alice")
        #expect(try await other.open("/account").userName == nil)
        try await other.signIn()
        #expect(other.response.status == 403)
        #expect(try await other.signIn("alice", "looking glass").status == 200)
    }

    @Test(arguments: [
        ("wrong", "looking glass", "looking glass", 403, "The password that you have now is a different one."),
        ("wonderland", "looking glass", "looking glas", 400, "The new passwords differ"),
        ("wonderland", "short", "short", 400, "That is too short"),
        (
            "wonderland", String(repeating: "x", count: 1025), String(repeating: "x", count: 1025), 400,
            "That is too long"
        ),
        ("", "looking glass", "looking glass", 400, "Something is missing"),
        ("wonderland", "", "", 400, "Something is missing"),
    ])
    func `a password that can't be taken is told why`(
        now: String,
        new: String,
        again: String,
        status: Int,
        text: String
    ) async throws {
        #expect(try await change(now, new, again).status == status)
        #expect(browser.body.contains(text) && browser.body.contains("<title>Not changed: Your account"))
        #expect(!browser.body.contains("looking glas\""))
    }

    @Test func `guessing the password of an open session is slowed down`() async throws {
        var statuses: [Int] = []
        for _ in 0..<4 { statuses.append(try await change("wrong", "looking glass").status) }
        #expect(statuses == [403, 403, 403, 429])
        #expect(browser.field("Retry-After") != nil && browser.body.contains("Trying sooner won’t help."))
    }

    @Test func `a form without its proof changes nothing`() async throws {
        try await allowApp()
        try await browser.open("/account")
        let response = try await browser.press("remove", ["csrf": "x"])
        #expect(response.status == 400 && response.refusal == "form_not_genuine")
        #expect(browser.body.contains("nothing was changed") && browser.body.contains("Notes Web"))
    }

    @Test func `a form of nobody leads to signing in`() async throws {
        let stranger = try TestBrowser(fixture)
        #expect(try await stranger.post("/account", [("action", "remove"), ("app", "web")]).status == 200)
        #expect(stranger.body.contains("<h1>Sign in</h1>"))
    }

    @Test func `an action that there is not does nothing`() async throws {
        try await browser.open("/account")
        #expect(try await browser.press("change-password", ["action": "explode"]).status == 303)
        #expect(browser.location == "/oauth/account")
    }
}
