import HTTP
import Testing

@testable import OAuthServer
@testable import OAuthWeb

/// A browser: it keeps cookies, and sends the forms of the page that it shows.
final class TestBrowser {
    let fixture: PagesFixture
    let pages: UserPages
    /// Whether it wants pages, as browsers do.
    var navigates = true
    private(set) var cookies: [String: String] = [:]
    private(set) var response = WebResponse(status: 0)

    init(_ fixture: PagesFixture, store: (any AuthorizationStore)? = nil) throws {
        self.fixture = fixture
        pages = try fixture.pages(theme: try PageTheme(), store: store)
    }

    static let request = [
        ("client_id", "web"), ("redirect_uri", "https://app.example/callback"), ("response_type", "code"),
        ("scope", "openid notes:read notes:write"), ("state", "s1"), ("code_challenge_method", "S256"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
    ]

    /// The query of an authorization request with changes.
    static func authorization(_ changes: [String: String] = [:]) -> [(String, String)] {
        request.filter { changes[$0.0] == nil } + changes.map { ($0.key, $0.value) }
    }

    /// Opens a page.
    @discardableResult
    func open(_ path: String, _ query: [(String, String)] = []) async throws -> WebResponse {
        var request = WebRequest(method: .get, path: "/oauth" + path)
        request.query = FormParameters(query.map { (name: $0.0, value: $0.1) })
        return try await send(request, to: path)
    }

    /// Sends the form of the page that has a button with this value, with changes; a value of nil leaves a field out.
    @discardableResult
    func press(
        _ button: String,
        _ changes: [String: String?] = [:],
        unticking: [String] = []
    ) async throws -> WebResponse {
        let form = try #require(forms.first { $0.contains(" value=\"\(button)\"") }, "no form has the button \(button)")
        let action = try #require(Self.values("action", in: form).first).dropFirst("/oauth".count)
        var fields: [(String, String)] = []
        for input in form.split(separator: "<input ").dropFirst() {
            let tag = String(input.prefix { $0 != ">" })
            guard let name = Self.values("name", in: " " + tag).first else { continue }
            let value = Self.values("value", in: " " + tag).first ?? ""
            if tag.contains("checkbox"), !tag.contains(" checked") || unticking.contains(value) { continue }
            fields.append((name, value))
        }
        let own = form.split(separator: "<button ").first { $0.contains(" value=\"\(button)\"") }
        if let name = own.flatMap({ Self.values("name", in: " " + $0).first }) { fields.append((name, button)) }
        return try await post(
            String(action.prefix { $0 != "#" }),
            fields.filter { changes[$0.0] == nil } + changes.compactMap { name, value in value.map { (name, $0) } }
        )
    }

    /// Sends a form.
    @discardableResult
    func post(
        _ path: String,
        _ fields: [(String, String)],
        from site: String = "same-origin"
    ) async throws -> WebResponse {
        var request = WebRequest(method: .post, path: "/oauth" + path)
        request.form = FormParameters(fields.map { (name: $0.0, value: $0.1) })
        request.fetchSite = site
        return try await send(request, to: path)
    }

    /// Follows the redirect of the last response within the server.
    @discardableResult
    func follow() async throws -> WebResponse {
        let location = try #require(location)
        let target = try #require(location.hasPrefix("/oauth/") ? location.dropFirst("/oauth".count) : nil)
        let parts = target.split(separator: "?", maxSplits: 1)
        let query = Array((parts.count > 1 ? parts[1] : "").utf8)
        let parameters = try query.withUnsafeBytes { try FormParameters($0) }
        return try await open(String(parts[0]), parameters.pairs.map { ($0.name, $0.value) })
    }

    /// Signs in on the page that is shown.
    @discardableResult
    func signIn(_ name: String = "alice", _ password: String = "wonderland") async throws -> WebResponse {
        try await press("sign-in", ["username": name, "password": password])
    }

    /// From an authorization request to its consent page.
    func reachConsent(_ changes: [String: String] = [:]) async throws {
        try await open("/authorize", Self.authorization(changes))
        try await signIn()
        try await follow()
        try #require(body.contains("value=\"allow\""))
    }

    private func send(_ original: WebRequest, to path: String) async throws -> WebResponse {
        var request = original
        request.cookies = RequestCookies(cookies.map { (name: $0.key, value: $0.value) })
        request.prefersPage = navigates
        request.userAgent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
        request.address = "192.0.2.1"
        request.requestID = "r1"
        let endpoint = try #require(pages.all.first { $0.path == path })
        try #require(endpoint.methods.contains(original.method))
        response = await endpoint.respond(request)
        for (name, value) in response.fields where name == "Set-Cookie" {
            let pair = value.split(separator: ";")[0].split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            cookies[String(pair[0])] = pair[1].isEmpty ? nil : String(pair[1])
        }
        return response
    }

    // MARK: What it shows

    var body: String { String(decoding: response.body, as: UTF8.self) }
    var location: String? { field("Location") }

    /// The address that the page goes on to by itself.
    var refresh: String? {
        let rest = body.split(separator: "content=\"0;url=").dropFirst().first
        return rest.map { String($0.prefix { $0 != "\"" }).replacing("&amp;", with: "&") }
    }

    func field(_ name: String) -> String? { response.fields.first { $0.name == name }?.value }

    private var forms: [String] {
        body.split(separator: "<form").dropFirst().map { String($0.split(separator: "</form>")[0]) }
    }

    private static func values(_ attribute: String, in text: String) -> [String] {
        text.split(separator: " \(attribute)=\"", omittingEmptySubsequences: false).dropFirst()
            .map { String($0.prefix { $0 != "\"" }).replacing("&amp;", with: "&") }
    }
}
