import Testing

@testable import OAuthServer

struct RedirectURITests {
    private func matches(_ requested: String, _ registered: String) -> Bool {
        guard let requested = RedirectURI(requested), let registered = RedirectURI(registered) else { return false }
        return requested.matches(registered: registered)
    }

    @Test(arguments: [
        "https://app.example/callback", "https://app.example:8443/a?b=c", "com.example.app:/callback",
        "http://[::1]:5000/", "https://app.example",
    ])
    func `a redirect URI matches itself`(_ uri: String) {
        #expect(matches(uri, uri))
    }

    // RFC 6749 §3.1.2.3, RFC 9700 §4.1.3: simple string comparison.
    @Test(arguments: [
        "https://app.example/callback/", "https://app.example/callback?", "https://app.example/callback?x=1",
        "https://app.example/callback/../evil", "https://app.example/callback%2F", "https://app.example/Callback",
        "https://APP.example/callback", "HTTPS://app.example/callback", "http://app.example/callback",
        "https://app.example:443/callback", "https://app.example:8443/callback", "https://app.example./callback",
        "https://app.example//callback", "https://app.example/call%62ack", "https://app.example/callbac",
        "https://app.example.evil.example/callback", "https://evil.example/https://app.example/callback",
        "https://sub.app.example/callback", "//app.example/callback", "/callback", "callback",
        "https://app.example/callback;x", "https://app.example/callback&code=1",
    ])
    func `anything but the registered bytes does not match`(_ uri: String) {
        #expect(!matches(uri, "https://app.example/callback"))
    }

    @Test(arguments: [
        "https://app.example/callback#", "https://app.example/callback#x", "https://app.example@evil.example/callback",
        "https://app.example:443@evil.example/", "https://evil.example\\@app.example/callback",
        "https:/\\app.example/callback", "https://app.example/call back",
        "https://app.example/callback\r\nSet-Cookie: a",
        "https://app.example/callback\0", "https://app.example/callback\t", "https://ａpp.example/callback",
        "https://app.example/cåll", "javascript:alert(1)", "JavaScript://app.example/%0aalert(1)",
        "data:text/html,x", "https://", "https:///callback", ":", "", "https", "https://[::1/", "https://[::1]x/",
        "https://app.example:8a/", "1https://app.example/", "file:///etc/passwd", "https://app.example/\"onload=",
    ])
    func `what is no absolute URI without fragment and user name is none`(_ uri: String) {
        #expect(RedirectURI(uri) == nil)
    }

    // RFC 8252 §7.3
    @Test(arguments: [
        ("http://127.0.0.1:51004/cb", "http://127.0.0.1/cb"), ("http://127.0.0.1/cb", "http://127.0.0.1:1234/cb"),
        ("http://[::1]:51004/cb", "http://[::1]/cb"), ("http://localhost:65535/cb", "http://localhost:80/cb"),
        ("http://127.0.0.1:51004", "http://127.0.0.1"), ("http://127.0.0.1:51004/cb?a=b", "http://127.0.0.1/cb?a=b"),
    ])
    func `the port of a loopback redirect may vary`(_ requested: String, _ registered: String) {
        #expect(matches(requested, registered))
    }

    @Test(arguments: [
        ("http://127.0.0.1:51004/other", "http://127.0.0.1/cb"), ("http://localhost:51004/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.2:51004/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1.evil.example:80/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:51004@evil.example/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:0/cb", "http://127.0.0.1/cb"), ("http://127.0.0.1:65536/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:000080/cb", "http://127.0.0.1/cb"), ("https://127.0.0.1:5/cb", "http://127.0.0.1/cb"),
        ("https://127.0.0.1:5/cb", "https://127.0.0.1/cb"), ("http://app.example:5/cb", "http://app.example/cb"),
        ("http://127.0.0.1:51004/cb?a=b", "http://127.0.0.1/cb"), ("http://LOCALHOST:5/cb", "http://localhost/cb"),
        ("http://127.0.0.1:5\u{0665}/cb", "http://127.0.0.1/cb"), ("http://[::2]:5/cb", "http://[::1]/cb"),
    ])
    func `nothing but the port of a loopback redirect may vary`(_ requested: String, _ registered: String) {
        #expect(!matches(requested, registered))
    }

    @Test func `its kind is told by scheme and host`() {
        #expect(RedirectURI("https://app.example/x")?.target == .web(host: "app.example"))
        #expect(RedirectURI("https://app.example:443/x")?.target == .web(host: "app.example"))
        #expect(RedirectURI("https://APP.example:8443?x")?.target == .web(host: "app.example:8443"))
        #expect(RedirectURI("http://app.example:443/x")?.target == .web(host: "app.example:443"))
        #expect(RedirectURI("http://localhost:5/x")?.target == .loopback(host: "localhost:5", isLocalhostName: true))
        #expect(RedirectURI("http://127.0.0.1/x")?.target == .loopback(host: "127.0.0.1", isLocalhostName: false))
        #expect(RedirectURI("https://[::1]:5/x")?.target == .loopback(host: "[::1]:5", isLocalhostName: false))
        #expect(RedirectURI("http://127.0.0.1.example/x")?.target == .web(host: "127.0.0.1.example"))
        #expect(RedirectURI("com.example.app:/x")?.target == .privateUse(scheme: "com.example.app"))
        #expect(RedirectURI("com.example.app://x/y")?.target == .privateUse(scheme: "com.example.app"))
    }

    @Test(arguments: [
        ("https://a.example/cb", "https://a.example/cb?x=1%262"),
        ("https://a.example/cb?p=q", "https://a.example/cb?p=q&x=1%262"),
        ("https://a.example/cb?", "https://a.example/cb?x=1%262"),
        ("https://a.example/cb?p&", "https://a.example/cb?p&x=1%262"),
    ])
    func `parameters go behind the query that it has`(_ uri: String, _ expected: String) throws {
        #expect(try #require(RedirectURI(uri)).adding([("x", "1&2")]) == expected)
    }
}
