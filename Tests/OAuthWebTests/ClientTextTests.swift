import Testing

@testable import OAuthServer
@testable import OAuthWeb

/// Names that try to be more than names.
enum HostileText {
    static let all = [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "\"\u{301} autofocus onfocus=alert(1) x=\"",
        "'\u{20DD} formaction='https://evil.example", "<\u{338}img src=x>", "</title><script>", "{{form.csrf}}",
        "{{{site}}}",
        "&lt;script&gt;", "--><b>", "]]>", "\u{0}<b>", "a\r\nSet-Cookie: b=c", "\u{202E}moc.knab", "  ", "",
    ]
}

@Suite struct ClientTextTests {
    @Test(arguments: [
        ("Notes Desktop", "Notes Desktop"),
        ("  two \u{A0}\t\n  words ", "two words"),
        ("safe\u{202E}gpj.exe", "safegpj.exe"),
        ("pay\u{200B}pal\u{2060}\u{FEFF}\u{AD}", "paypal"),
        ("a\u{2028}b\u{2029}c", "a b c"),
        ("nul\u{0}bel\u{7}", "nulbel"),
        ("tag\u{E0041}ged\u{FE0F}", "tagged"),
        ("blank\u{3164}\u{115F}\u{2800}s", "blank s"),
        ("\u{301}\u{302}x", "x"),
        ("a \u{301}b", "a b"),
        ("Привет 世界 ✓", "Привет 世界 ✓"),
    ])
    func `text loses what can't be seen and nothing else`(text: String, expected: String) {
        #expect(ClientText.cleaned(text, limit: 60) == expected)
    }

    @Test func `a long name is cut and says so`() {
        #expect(ClientText.cleaned(String(repeating: "x", count: 60), limit: 60) == String(repeating: "x", count: 60))
        #expect(
            ClientText.cleaned(String(repeating: "x", count: 61), limit: 60) == String(repeating: "x", count: 59) + "…"
        )
        #expect(ClientText.cleaned(String(repeating: "x ", count: 10_000_000), limit: 60).count == 60)
    }

    @Test func `marks don't pile up`() {
        let piled = "Z" + String(repeating: "\u{30D}", count: 10_000) + "algo"
        #expect(ClientText.cleaned(piled, limit: 60).unicodeScalars.count < 10)
    }

    @Test func `a client without a name that can be seen is shown by its id`() {
        for name in [nil, "", " \u{200B} ", "\u{202E}\u{2800}"] {
            #expect(ClientText.name(of: OAuthClient(id: "notes", name: name, authenticationMethod: .none)) == "notes")
        }
        #expect(ClientText.name(of: OAuthClient(id: "n", name: "Notes", authenticationMethod: .none)) == "Notes")
    }

    @Test(arguments: [
        ("https://a.example/b?c=d", "https://a.example/b?c=d"),
        ("https://а.example/ é\n", "https://%D0%B0.example/%20%C3%A9%0A"),
        ("x\u{202E}y", "x%E2%80%AEy"),
    ])
    func `a URI is shown in printable ASCII`(uri: String, expected: String) {
        #expect(ClientText.visibleURI(uri) == expected)
    }
}

@Suite struct WordsTests {
    @Test(arguments: [
        (0, "just now"), (59, "just now"), (60, "a minute ago"), (180, "3 minutes ago"), (3600, "an hour ago"),
        (7300, "2 hours ago"), (90_000, "a day ago"), (172_800, "22 November 2025"), (-5, "just now"),
    ])
    func `what happened lately is told by how long ago it was`(distance: Int64, expected: String) {
        let now: Int64 = 1_763_977_267
        #expect(TimeWords.ago(now - distance, now: now) == expected)
    }

    @Test func `no time is too far away`() {
        #expect(TimeWords.ago(.min, now: .max) == "1 January 1970")
        #expect(TimeWords.ago(.max, now: .min) == "31 December 9999")
    }

    @Test(arguments: [(1, 2, false, 0), (59, 59, false, 0), (60, 0, true, 0), (61, 0, false, 2), (233, 0, false, 4)])
    func `a wait is told in whole minutes once it is one`(seconds: Int, shown: Int, oneMinute: Bool, minutes: Int) {
        let wait = WaitView(retryAfter: seconds)
        #expect((wait.seconds ?? 0, wait.oneMinute, wait.minutes ?? 0) == (shown, oneMinute, minutes))
    }

    @Test(arguments: [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36 Edg/142.0",
            "Edge on Windows"
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl/8.5.0"), ("", "A browser that doesn’t say its name"), ("<b>\u{202E}x", "<b>x"),
    ])
    func `a browser is called what its owner calls it`(userAgent: String, expected: String) {
        #expect(Device.name(userAgent: userAgent) == expected)
    }
}
