import HTTP
import Testing

@testable import OAuthWeb

struct RequestCookiesTests {
    @Test
    func `only our own cookies are read`() throws {
        let cookies = try read(
            "theirs=1; __Host-gatehouse-session=abc ;__Host-gatehouse-form=d=e; x=__Host-gatehouse-x"
        )
        #expect(cookies["__Host-gatehouse-session"] == "abc")
        #expect(cookies["__Host-gatehouse-form"] == "d=e")
        #expect(cookies["theirs"] == nil)
    }

    @Test
    func `a cookie that comes twice, in one field or two, is none`() throws {
        #expect(try read("gatehouse-session=a; gatehouse-session=b")["gatehouse-session"] == nil)
        #expect(try read("gatehouse-session=a", "gatehouse-session=b")["gatehouse-session"] == nil)
    }

    @Test(arguments: ["", ";", ";;", "=", "gatehouse-session", "; =a;"])
    func `nonsense is no cookie`(_ value: String) throws {
        #expect(try read(value) == RequestCookies())
    }

    @Test
    func `without TLS the names go without their prefix, and without Secure`() {
        let names = OwnCookie.Names(isSecure: false)
        #expect(names.session.name == "gatehouse-session")
        #expect(names.session.setting("v") == "gatehouse-session=v; Path=/; HttpOnly; SameSite=Lax")
    }

    @Test
    func `a cookie can be kept and removed`() {
        let names = OwnCookie.Names(isSecure: true)
        #expect(names.browser.setting("v", maximumAge: 60).contains("; Max-Age=60; "))
        #expect(
            names.session.removing == "__Host-gatehouse-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"
        )
    }

    private func read(_ values: String...) throws -> RequestCookies {
        let head = RequestHead()
        let text = "GET / HTTP/1.1\r\nHost: a\r\n" + values.map { "Cookie: \($0)\r\n" }.joined() + "\r\n"
        var parser = RequestHeadParser(limits: HTTPLimits())
        let taken = try Array(text.utf8).withUnsafeBytes { try parser.parse($0, into: head) }
        #expect(taken == text.utf8.count)
        return RequestCookies(head, prefixes: OwnCookie.prefixes)
    }
}
