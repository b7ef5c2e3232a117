import Mustache

/// The templates of the pages: those in the binary, with an operator's own in their place.
///
/// All are parsed when the configuration is read, so that a fault in one is found then and not by a user.
package struct PageTemplates: Sendable {
    private let library: MustacheLibrary

    /// The names that a file `NAME.mustache` can have.
    package static var names: [String] { BuiltInTemplates.all.keys.sorted() }

    /// Takes the templates apart.
    ///
    /// - Parameter overrides: Templates by name; each takes the place of the built-in one, others can be their partials.
    /// - Throws: the first fault that there is.
    package init(overrides: [String: String] = [:]) throws(PageTemplateError) {
        _ = HTMLText.register
        var library = MustacheLibrary()
        for (name, text) in BuiltInTemplates.all.merging(overrides, uniquingKeysWith: { _, own in own }) {
            if overrides[name] != nil { try Self.check(text, named: name) }
            do {
                // Every template says it for itself, because a partial goes back to the library's own escaping.
                try library.register("{{%CONTENT_TYPE:\(HTMLText.name)}}\n" + text, named: name)
            } catch let error as MustacheTemplate.ParserError {
                let line = max(error.context.lineNumber - 1, 1)
                throw PageTemplateError(template: name, line: line, detail: Self.words(error.error))
            } catch {
                throw PageTemplateError(template: name, line: nil, detail: "it can't be read")
            }
        }
        self.library = library
    }

    /// The page as HTML.
    func render(_ page: some PageModel) -> [UInt8] {
        // The library finds a value by reflection, once more for each tag; this does it once for the page.
        let values = PageValues.of(page) ?? [:] as [String: Any]
        return Array((library.render(values, withTemplate: type(of: page).template) ?? "").utf8)
    }

    /// Checks what an operator's own template must not do, and what its forms must have.
    private static func check(_ text: String, named name: String) throws(PageTemplateError) {
        let dense = text.filter { $0 != " " }
        if let tag = forbidden.first(where: dense.contains) {
            let lines = dense.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            let line = lines.firstIndex { $0.contains(tag) }
            throw PageTemplateError(
                template: name,
                line: line.map { $0 + 1 },
                detail: "\(tag)…: values can only be written with {{ }}"
            )
        }
        if dense.contains("<form"), !dense.contains("{{>fields}}"), !dense.contains("form.csrf") {
            throw PageTemplateError(
                template: name,
                line: nil,
                detail: "its form lacks {{>fields}}, without which nothing that it sends counts"
            )
        }
    }

    /// Tags that write values unescaped, or could change what the other tags mean.
    private static let forbidden = ["{{{", "{{&", "{{%", "{{="]

    private static func words(_ error: any Error) -> String {
        switch error as? MustacheTemplate.Error {
        case .sectionCloseNameIncorrect: "a section is closed by another name than it was opened by"
        case .unfinishedName: "a tag's name is malformed or not closed"
        case .expectedSectionEnd: "a section is not closed"
        case .invalidSetDelimiter, .invalidConfigVariableSyntax, .unrecognisedConfigVariable:
            "a tag is not allowed here"
        case .transformAppliedToInheritanceSection: "a block can't have a transform"
        case .illegalTokenInsideInheritSection, .textInsideInheritSection:
            "only blocks can stand directly in {{<…}}"
        case nil: "the text ends in the middle of a tag"
        }
    }
}

/// What is wrong with a template.
package struct PageTemplateError: Error, Equatable {
    /// Its name, without the suffix.
    package let template: String
    /// Nil where it is about all of it.
    package let line: Int?
    package let detail: String
}

/// Escapes text for HTML scalar by scalar.
///
/// The library's own escaping looks at characters, and a quote or bracket with a combining mark after it is another
/// character than the quote alone: it would be left as it is and end an attribute.
struct HTMLText: MustacheContentType {
    static let name = "GATEHOUSE"
    private static let special = Array("&<>\"'".utf8)
    /// Once for the process: the library keeps content types in one table.
    static let register: Void = MustacheContentTypes.register(HTMLText(), named: name)

    func escapeText(_ text: String) -> String {
        guard text.utf8.contains(where: Self.special.contains) else { return text }
        var escaped = String.UnicodeScalarView()
        escaped.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
