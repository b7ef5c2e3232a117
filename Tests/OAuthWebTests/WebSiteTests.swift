import HTTP
import Testing

@testable import OAuthWeb

struct WebSiteTests {
    private let site = WebSite(
        basePath: "/oauth",
        endpoints: [
            WebEndpoint("/token", methods: [.post], refuse: { _, _ in .json([]) }, respond: { _ in .json([]) }),
            WebEndpoint("/login", methods: [.get, .post], refuse: { _, _ in .json([]) }, respond: { _ in .json([]) }),
        ]
    )

    @Test(arguments: [
        ("/oauth", true), ("/oauth/", true), ("/oauth/token", true), ("/oauth/a/b", true), ("/oauth2", false),
        ("/oaut", false), ("/", false), ("/x/oauth", false),
    ])
    func `everything below the base path is ours`(_ path: String, _ isOurs: Bool) {
        #expect(Array(path.utf8).withUnsafeBytes { site.contains($0) } == isOurs)
    }

    @Test
    func `endpoints are found by their whole path`() throws {
        #expect(endpoint("/oauth/token")?.path == "/token")
        #expect(endpoint("/oauth/token/") == nil)
        #expect(endpoint("/token") == nil)
    }

    @Test
    func `GET implies HEAD, and every endpoint has OPTIONS`() throws {
        let token = try #require(endpoint("/oauth/token"))
        #expect(token.allows(.post) && !token.allows(.get) && !token.allows(.head))
        #expect(token.allowedMethods == "POST, OPTIONS")
        let login = try #require(endpoint("/oauth/login"))
        #expect(login.allows(.head))
        #expect(login.allowedMethods == "GET, HEAD, POST, OPTIONS")
    }

    private func endpoint(_ path: String) -> WebEndpoint? {
        Array(path.utf8).withUnsafeBytes { site.endpoint(at: $0) }
    }
}

struct WebResponseTests {
    @Test
    func `no cache keeps a response unless it says so`() {
        var response = WebResponse.json([])
        #expect(response.fields.contains { $0 == ("Cache-Control", "no-store") })
        response.set("cache-control", "max-age=60")
        #expect(response.fields.filter { $0.name.lowercased() == "cache-control" }.map(\.value) == ["max-age=60"])
    }

    @Test
    func `a redirect is a 303`() {
        let response = WebResponse.redirect(to: "https://client.example/cb?code=1")
        #expect(response.status == 303)
        #expect(response.fields.contains { $0 == ("Location", "https://client.example/cb?code=1") })
    }
}
