import Bytes
import OAuthServer
import Testing

@testable import OAuthWeb

struct ClientCredentialsTests {
    @Test
    func `Basic gives the id and the secret`() throws {
        let credentials = try ClientCredentials(request(basic: "notes:s3cret"))
        guard case .basic(let id, let secret) = credentials else { return #expect(Bool(false), "not Basic") }
        #expect(id == "notes")
        #expect(secret == "s3cret")
    }

    @Test
    func `both parts of Basic are form-decoded, the secret may hold colons`() throws {
        let credentials = try ClientCredentials(request(basic: "a%20b%3A+c:d%25:e"))
        guard case .basic(let id, let secret) = credentials else { return #expect(Bool(false), "not Basic") }
        #expect(id == "a b: c")
        #expect(secret == "d%:e")
    }

    @Test
    func `the scheme is taken in any case`() throws {
        var request = request(basic: "a:b")
        request.authorization = ["bAsIc   " + request.authorization[0].dropFirst(6)]
        #expect(try ClientCredentials(request).clientID == "a")
    }

    @Test
    func `the body may carry the credentials, or the id alone`() throws {
        guard
            case .post(let id, let secret) = try ClientCredentials(
                request(form: [("client_id", "a"), ("client_secret", "b")])
            )
        else { return #expect(Bool(false), "not post") }
        #expect(id == "a")
        #expect(secret == "b")
        guard case .none(let name) = try ClientCredentials(request(form: [("client_id", "a"), ("client_secret", "")]))
        else { return #expect(Bool(false), "not none") }
        #expect(name == "a")
    }

    @Test
    func `Basic with the same client_id in the body is one way of authenticating`() throws {
        #expect(try ClientCredentials(request(basic: "a:b", form: [("client_id", "a")])).method == .secretBasic)
    }

    private func request(basic: String? = nil, form: [(name: String, value: String)] = []) -> WebRequest {
        .tokenRequest(basic: basic, form: form)
    }
}

struct ClientCredentialsRejectionTests {
    @Test
    func `two ways at once are refused`() {
        refuses(.invalidRequest, .tokenRequest(basic: "a:b", form: [("client_id", "a"), ("client_secret", "b")]))
        refuses(.invalidRequest, .tokenRequest(basic: "a:b", form: [("client_id", "other")]))
        var twice = WebRequest.tokenRequest(basic: "a:b")
        twice.authorization.append(twice.authorization[0])
        refuses(.invalidRequest, twice)
    }

    @Test
    func `a repeated parameter is refused`() {
        refuses(.invalidRequest, .tokenRequest(form: [("client_id", "a"), ("client_id", "a")]))
        refuses(.invalidRequest, .tokenRequest(form: [("client_id", "a"), ("code", "1"), ("code", "2")]))
    }

    @Test(arguments: ["client_id", "client_secret", "code", "refresh_token", "token", "grant_type"])
    func `parameters in the URL are refused`(_ name: String) {
        var request = WebRequest.tokenRequest(basic: "a:b")
        request.query = FormParameters([(name, "x")])
        refuses(.invalidRequest, request)
    }

    @Test
    func `nobody is no client`() {
        refuses(.invalidClient, .tokenRequest())
        refuses(.invalidClient, .tokenRequest(form: [("client_secret", "b")]))
    }

    @Test(arguments: [
        "Basic", "Basic ", "Basic !!!!", "Basic YWI", "Basic YWI=", "Basic ====", "Basic YQ==", "Basic YTpiJXo=",
        "Basic YTr/", "Bearer abc", "basicYTpi", "Basic YTpi, Basic YTpi", "Basic YTpi==", "Basic YTo_",
    ])
    func `what is no Basic credentials is refused`(_ field: String) {
        var request = WebRequest.tokenRequest()
        request.authorization = [field]
        refuses(.invalidClient, request)
    }

    @Test
    func `client assertions are refused`() {
        refuses(.invalidClient, .tokenRequest(form: [("client_id", "a"), ("client_assertion", "e.y.j")]))
    }

    private func refuses(
        _ code: OAuthError.Code,
        _ request: WebRequest,
        location: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: OAuthError.self, sourceLocation: location) { try ClientCredentials(request) }
        #expect(error?.code == code, sourceLocation: location)
    }
}

extension WebRequest {
    static func tokenRequest(
        basic: String? = nil,
        form: [(name: String, value: String)] = []
    ) -> WebRequest {
        var request = WebRequest(method: .post, path: "/oauth/token")
        request.form = FormParameters(form)
        if let basic { request.authorization = ["Basic " + base64(basic)] }
        return request
    }

    private static func base64(_ text: String) -> String {
        let encoded = Base64URL.encode(Array(text.utf8)).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        return String(encoded) + String(repeating: "=", count: (4 - encoded.count % 4) % 4)
    }
}
