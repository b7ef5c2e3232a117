import Testing

@testable import OAuthWeb

@Suite struct PageTemplatesTests {
    private let page = LoginPage(site: PageSamples.site, form: PageSamples.form, client: ClientView(name: "A & <b>"))

    @Test func `a template takes the place of the one in the binary`() throws {
        let templates = try PageTemplates(overrides: [
            "login": "{{client.name}} {{>brand}}", "brand": "from {{>own}}", "own": "us",
        ])
        #expect(PageSamples.html(page, templates) == "A &amp; &lt;b&gt; from us")
    }

    @Test(arguments: [
        "a {{{client.name}}}", "{{&client.name}}", "{{ & client.name }}", "{{%CONTENT_TYPE:TEXT}}",
        "{{=<% %>=}}<%{client.name}%>",
    ])
    func `a template can't write what others chose unescaped`(text: String) {
        #expect(throws: PageTemplateError.self) { try PageTemplates(overrides: ["login": text]) }
    }

    @Test func `what a template must not do is told with its line`() {
        let fault = PageTemplateError(template: "login", line: 3, detail: "{{&…: values can only be written with {{ }}")
        #expect(throws: fault) { try PageTemplates(overrides: ["login": "a\n\n{{ & client.name }}\nb"]) }
    }

    @Test func `a form without its fields is refused`() throws {
        let form = "<form method=\"post\" action=\"/oauth/login\"></form>"
        #expect(throws: PageTemplateError.self) { try PageTemplates(overrides: ["login": form]) }
        for fields in ["{{>fields}}", "{{> fields }}", "<input name=\"csrf\" value=\"{{form.csrf}}\">"] {
            _ = try PageTemplates(overrides: ["login": form + fields])
        }
    }

    @Test func `a malformed template is refused with its name and line`() {
        #expect(
            throws: PageTemplateError(
                template: "login",
                line: 2,
                detail: "a section is closed by another name than it was opened by"
            )
        ) {
            try PageTemplates(overrides: ["login": "first\n{{#client}}{{/clients}}\nlast"])
        }
        #expect(throws: PageTemplateError(template: "own", line: 1, detail: "a section is not closed")) {
            try PageTemplates(overrides: ["own": "{{#client}}"])
        }
    }

    @Test(arguments: [
        "a {{", "{{", "{{>", "{{#}}", "{{/a}}", "{{#a}}{{/b", "{{!", "{{<a}}text{{b}}{{/a}}", "{{$a(b)}}{{/a}}", "",
    ])
    func `no text of a template stops the process`(text: String) {
        let templates = try? PageTemplates(overrides: ["login": text])
        if let templates { #expect(PageSamples.html(page, templates).utf8.count < 1000) }
    }

    @Test func `a mark after a quote or a bracket does not keep it from being escaped`() {
        #expect(
            HTMLText().escapeText("\"\u{301} <\u{338}>\u{20DD}'\u{FE0F} &\u{300}")
                == "&quot;\u{301} &lt;\u{338}&gt;\u{20DD}&#39;\u{FE0F} &amp;\u{300}"
        )
    }
}
