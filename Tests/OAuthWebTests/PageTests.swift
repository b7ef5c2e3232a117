import Foundation
import Testing

@testable import OAuthServer
@testable import OAuthWeb

/// What holds for every page in every state.
@Suite struct PageTests {
    private let templates: PageTemplates
    private let samples: [(name: String, html: String)]

    init() throws {
        templates = try PageTemplates()
        samples = PageSamples.all(templates)
    }

    /// The pages as they are; `GATEHOUSE_WRITE_PAGES=1` writes them anew, for review.
    @Test func `every page in every state is the one that was reviewed`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Pages", directoryHint: .isDirectory)
        let writes = ProcessInfo.processInfo.environment["GATEHOUSE_WRITE_PAGES"] == "1"
        for sample in samples {
            let file = folder.appending(path: sample.name + ".html")
            if writes { try Data(sample.html.utf8).write(to: file) }
            let reviewed = try? String(contentsOf: file, encoding: .utf8)
            #expect(sample.html == reviewed, "\(sample.name).html has changed")
        }
        let reviewed = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(Set(reviewed) == Set(samples.map { $0.name + ".html" }))
    }

    @Test func `a page asks one question and loads nothing but the style and the sign`() {
        for (name, html) in samples {
            #expect(count("<h1>", html) == 1, "\(name)")
            #expect(count("<main ", html) == 1, "\(name)")
            #expect(html.contains("<html lang=\"en\">"), "\(name)")
            #expect(count("src=\"", html) == count("src=\"/oauth/mark.svg\"", html), "\(name)")
            #expect(count("<link ", html) == 2, "\(name)")
            for inline in [
                "<script", "<style", " style=", " onclick", " onload", "javascript:", "{{", "}}", "Optional(",
            ] {
                #expect(!html.contains(inline), "\(name) has \(inline)")
            }
            #expect(html.contains("You are at <strong>gate.example.com</strong>"), "\(name)")
            #expect(!title(html).isEmpty && title(html).hasSuffix("· Gatehouse"), "\(name)")
        }
    }

    @Test func `every form posts to us and carries its proof`() {
        for (name, html) in samples {
            for form in html.split(separator: "<form ").dropFirst() {
                #expect(form.contains("method=\"post\" action=\"/oauth/"), "\(name)")
                #expect(form.contains("<input type=\"hidden\" name=\"csrf\" value=\"csrf-token\">"), "\(name)")
            }
        }
    }

    @Test func `labels and descriptions point at what is there`() {
        for (name, html) in samples {
            let ids = values("id", html)
            #expect(Set(ids).count == ids.count, "\(name) has an id twice")
            let targets = values("for", html) + values("aria-labelledby", html) + values("aria-describedby", html)
            for target in targets.flatMap({ $0.split(separator: " ") }) {
                #expect(ids.contains(String(target)), "\(name): nothing has the id \(target)")
            }
            #expect(count("aria-invalid", html) == count("aria-invalid=\"true\"", html), "\(name)")
            #expect(count(" autofocus", html) <= 1, "\(name)")
        }
    }

    @Test func `what went wrong stands first in the title and in an alert`() {
        for (name, html) in samples where name.hasPrefix("login-") && html.contains("class=\"note bad\"") {
            #expect(title(html).hasPrefix("Not signed in: "), "\(name)")
            #expect(count("role=\"alert\"", html) == 1, "\(name)")
        }
    }

    @Test func `Deny comes before Allow, and first of all buttons of its form`() throws {
        for (name, html) in samples where name.hasPrefix("consent") {
            let form = try #require(html.split(separator: "action=\"/oauth/consent\"").last)
            let button = try #require(form.range(of: "<button"))
            #expect(
                form[button.lowerBound...].split(separator: "</button>").first?.contains("value=\"deny\"") == true,
                "\(name)"
            )
        }
    }

    @Test func `a warning makes Deny the primary button`() throws {
        let warned = try #require(samples.first { $0.name == "consent-localhost" }).html
        #expect(warned.contains("<button class=\"btn\" name=\"decision\" value=\"deny\">"))
        #expect(warned.contains("<button class=\"btn plain\" name=\"decision\" value=\"allow\">"))
        let usual = try #require(samples.first { $0.name == "consent" }).html
        #expect(usual.contains("<button class=\"btn plain\" name=\"decision\" value=\"deny\">"))
    }

    @Test(arguments: HostileText.all) func `no name changes what a page is made of`(name: String) {
        var client = PageSamples.client
        client.name = name
        var item = PageSamples.items[1]
        item.scope = name
        item.description = name
        let site = PageSamples.site
        let view = ClientView(client)
        let hostile: [(any PageModel, any PageModel)] = [
            (
                LoginPage(
                    site: site,
                    form: PageSamples.form,
                    client: view,
                    userName: name,
                    confirms: true,
                    signedIn: name
                ),
                LoginPage(
                    site: site,
                    form: PageSamples.form,
                    client: ClientView(name: "x"),
                    userName: "x",
                    confirms: true,
                    signedIn: "x"
                )
            ),
            (
                ConsentPage(site: site, form: PageSamples.form, prompt: PageSamples.prompt(client, items: [item])),
                ConsentPage(
                    site: site,
                    form: PageSamples.form,
                    prompt: PageSamples.prompt(items: [PageSamples.items[1]])
                )
            ),
            (
                ErrorPage(
                    site: site,
                    problem: .authorization(.redirectURINotRegistered(client: client, uri: name)),
                    requestID: name,
                    unixTime: 0
                ),
                ErrorPage(
                    site: site,
                    problem: .authorization(.redirectURINotRegistered(client: client, uri: "x")),
                    requestID: "x",
                    unixTime: 0
                )
            ),
        ]
        for (page, harmless) in hostile {
            #expect(skeleton(PageSamples.html(page, templates)) == skeleton(PageSamples.html(harmless, templates)))
        }
    }

    // MARK: Looking at pages

    /// The characters that make up the markup, in their order, by scalars as a browser reads them.
    private func skeleton(_ html: String) -> [Unicode.Scalar] {
        html.unicodeScalars.filter { "<>\"'".unicodeScalars.contains($0) }
    }

    private func count(_ part: String, _ html: String) -> Int {
        html.split(separator: part, omittingEmptySubsequences: false).count - 1
    }

    private func title(_ html: String) -> String {
        html.split(separator: "<title>").last?.split(separator: "</title>").first?
            .split(whereSeparator: \.isWhitespace).joined(separator: " ") ?? ""
    }

    private func values(_ attribute: String, _ html: String) -> [String] {
        html.split(separator: " \(attribute)=\"", omittingEmptySubsequences: false).dropFirst()
            .map { String($0.prefix { $0 != "\"" }) }
    }
}
