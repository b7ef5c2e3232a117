import Crypto
import Testing

@testable import OAuthWeb

struct FormGuardTests {
    private let cookies = OwnCookie.Names(isSecure: true)
    private let forms: FormGuard

    init() {
        forms = FormGuard(
            key: HMACKey(SecretBytes(copying: [UInt8](repeating: 7, count: 32)), digest: .sha256),
            cookies: OwnCookie.Names(isSecure: true),
            origin: "https://gate.example.com"
        )
    }

    @Test
    func `a form of a page that made its own cookie is genuine`() throws {
        var response = WebResponse.html([])
        let token = forms.token(for: page(), in: &response)
        let cookie = try #require(Self.setCookies(response).first)
        #expect(cookie.name == "__Host-gatehouse-form")
        #expect(cookie.attributes == "Path=/; Secure; HttpOnly; SameSite=Lax")
        #expect(forms.isGenuine(sent(token, [(cookie.name, cookie.value)])))
    }

    @Test
    func `a cookie that is there already is used again`() {
        var response = WebResponse.html([])
        let known = (name: cookies.form.name, value: String(repeating: "k", count: 43))
        let token = forms.token(for: page([known]), in: &response)
        #expect(Self.setCookies(response).isEmpty)
        #expect(forms.isGenuine(sent(token, [known])))
    }

    @Test
    func `a form belongs to the session it was made in`() {
        var response = WebResponse.html([])
        let mine = (name: cookies.session.name, value: "mine")
        let token = forms.token(for: page([mine]), in: &response)
        #expect(Self.setCookies(response).isEmpty)
        #expect(forms.isGenuine(sent(token, [mine])))
        #expect(!forms.isGenuine(sent(token, [(cookies.session.name, "other")])))
        #expect(!forms.isGenuine(sent(token, [])))
    }

    @Test
    func `a form from before the log-in does not count after it`() {
        var response = WebResponse.html([])
        let form = (name: cookies.form.name, value: String(repeating: "k", count: 43))
        let token = forms.token(for: page([form]), in: &response)
        #expect(!forms.isGenuine(sent(token, [form, (cookies.session.name, "mine")])))
    }

    @Test
    func `a session that begins with the response can be named`() {
        var response = WebResponse.html([])
        let token = forms.token(for: page(), session: "new", in: &response)
        #expect(forms.isGenuine(sent(token, [(cookies.session.name, "new")])))
    }

    @Test(arguments: ["", "x", "AAAA"])
    func `another code is refused`(_ token: String) {
        #expect(!forms.isGenuine(sent(token, [(cookies.session.name, "mine")])))
    }

    @Test
    func `two session cookies are refused`() {
        var response = WebResponse.html([])
        let token = forms.token(for: page([(cookies.session.name, "mine")]), in: &response)
        #expect(!forms.isGenuine(sent(token, [(cookies.session.name, "mine"), (cookies.session.name, "other")])))
    }

    @Test(
        arguments: [
            ("same-origin", "https://gate.example.com", true), ("same-origin", "null", true),
            ("same-site", "https://www.example.com", false), ("cross-site", "https://gate.example.com", false),
            ("cross-site", "null", false), ("none", nil, false), (nil, "https://gate.example.com", true),
            (nil, "null", true), (nil, nil, true), (nil, "https://evil.example.com", false),
            (nil, "http://gate.example.com", false),
        ] as [(String?, String?, Bool)]
    )
    func `what a browser says of the sender counts`(_ site: String?, _ origin: String?, _ isGenuine: Bool) {
        var response = WebResponse.html([])
        let mine = (name: cookies.session.name, value: "mine")
        var request = sent(forms.token(for: page([mine]), in: &response), [mine])
        request.fetchSite = site
        request.origin = origin
        #expect(forms.isGenuine(request) == isGenuine)
    }

    private func page(_ cookies: [(name: String, value: String)] = []) -> WebRequest {
        var request = WebRequest(method: .get, path: "/oauth/login")
        request.cookies = RequestCookies(cookies)
        return request
    }

    private func sent(_ token: String, _ cookies: [(name: String, value: String)]) -> WebRequest {
        var request = WebRequest(method: .post, path: "/oauth/login")
        request.form = FormParameters([(FormGuard.fieldName, token)])
        request.cookies = RequestCookies(cookies)
        return request
    }

    private static func setCookies(_ response: WebResponse) -> [(name: String, value: String, attributes: String)] {
        response.fields.filter { $0.name == "Set-Cookie" }.compactMap { field in
            let parts = field.value.split(separator: "; ", maxSplits: 1).map(String.init)
            let pair = parts[0].split(separator: "=", maxSplits: 1).map(String.init)
            return pair.count == 2 ? (pair[0], pair[1], parts.count > 1 ? parts[1] : "") : nil
        }
    }
}
