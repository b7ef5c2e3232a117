import Testing

@testable import OAuthServer
@testable import OAuthWeb

@Suite struct ConsentPagesTests {
    private let fixture: PagesFixture
    private let browser: TestBrowser

    init() async throws {
        fixture = try await PagesFixture()
        browser = try TestBrowser(fixture)
        try await browser.reachConsent()
    }

    /// The scopes that alice has allowed.
    private func allowed() async -> [String]? {
        await fixture.store.consent(user: "alice", client: "web", at: fixture.now)?.scopes
    }

    @Test func `what is unticked is not allowed`() async throws {
        try await browser.press("allow", unticking: ["notes:write"])
        #expect(await allowed() == ["openid", "notes:read"])
    }

    @Test func `deny allows nothing`() async throws {
        try await browser.press("deny")
        #expect(try #require(browser.refresh).contains("error=access_denied"))
        #expect(browser.response.refusal == "denied_by_user")
        #expect(await allowed() == nil)
    }

    @Test func `a form that does not count is asked again as it was left`() async throws {
        let response = try await browser.press("allow", ["csrf": "x"], unticking: ["notes:write"])
        #expect(response.status == 400 && browser.body.contains("nothing was allowed"))
        #expect(
            browser.body.contains("value=\"notes:read\" checked") && browser.body.contains("value=\"notes:write\">")
        )
        #expect(await allowed() == nil)
        try await browser.press("allow")
        #expect(await allowed() == ["openid", "notes:read"])
    }

    @Test func `what was allowed before is no answer to a form that does not count`() async throws {
        try await browser.press("allow")
        try await browser.open("/authorize", TestBrowser.authorization(["prompt": "consent"]))
        #expect(try await browser.press("allow", ["csrf": nil]).status == 400)
        #expect(browser.refresh == nil && browser.location == nil)
    }

    @Test(arguments: [nil, "", "maybe", "Allow"]) func `only a clear answer counts`(decision: String?) async throws {
        #expect(try await browser.press("allow", ["decision": decision]).status == 400)
        #expect(await allowed() == nil)
    }

    @Test func `asked for more, what was allowed stays, and what is new can be unticked`() async throws {
        try await browser.press("allow", unticking: ["notes:write"])
        try await browser.open("/authorize", TestBrowser.authorization())
        #expect(browser.body.contains("Already allowed") && browser.body.contains("New: it wants to"))
        try await browser.press("allow", unticking: ["notes:write"])
        #expect(try #require(browser.refresh).contains("?code="))
        #expect(await allowed() == ["openid", "notes:read"])
    }

    @Test func `asked again, what was allowed can be unticked`() async throws {
        try await browser.press("allow")
        try await browser.open("/authorize", TestBrowser.authorization(["prompt": "consent"]))
        #expect(!browser.body.contains("Already allowed"))
        try await browser.press("allow", unticking: ["notes:write"])
        #expect(await allowed() == ["openid", "notes:read"])
    }

    @Test func `who has been signed out meanwhile signs in first`() async throws {
        fixture.advance(by: 4000)
        let response = try await browser.press("allow")
        #expect(response.status == 200 && browser.body.contains("name=\"password\""))
        #expect(browser.body.contains("nothing happened for a while"))
        #expect(await allowed() == nil)
        try await browser.signIn()
        try await browser.follow()
        #expect(browser.body.contains("value=\"allow\""))
    }

    @Test func `an app that has gone meanwhile is told of`() async throws {
        _ = try await fixture.store.removeClient("web", at: fixture.now)
        #expect(try await browser.press("allow").status == 400)
        #expect(browser.body.contains("This app isn’t known here."))
    }

    @Test func `a page without its request is too old`() async throws {
        for request in [nil, "", "x"] {
            try await browser.open("/authorize", TestBrowser.authorization())
            #expect(try await browser.press("allow", ["request": request]).status == 400)
            #expect(browser.body.contains("That page was too old"))
        }
    }
}
