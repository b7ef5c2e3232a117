import Configuration
import OAuthWeb

/// An operator's own pages: files of a folder that take the places of what is in the binary.
///
/// A file `NAME.mustache` is a template, `gatehouse.css` the style sheet and `mark.svg` the sign; others mean nothing.
struct PageFolder: Sendable {
    let path: String

    /// The looks that a configuration asks for.
    ///
    /// - Throws: `ApplicationError.file` for what can't be read, `setup` for a fault in a template.
    static func theme(_ settings: PageSettings) throws(ApplicationError) -> PageTheme {
        let folder = settings.templateFolder.map(PageFolder.init(path:))
        let templates = try folder?.templates() ?? [:]
        let styleSheet = try folder?.asset(Self.styleSheet)
        let mark = try folder?.asset(Self.mark)
        do throws(PageTemplateError) {
            return try PageTheme(templates: templates, styleSheet: styleSheet, mark: mark)
        } catch {
            let line = error.line.map { ", line \($0)" } ?? ""
            let file = (folder?.path ?? "") + "/" + error.template + Self.suffix
            throw .setup("\(file)\(line): \(error.detail)")
        }
    }

    /// The files that matter, whether they are there or not.
    var files: [String] {
        let own = (try? Files.names(in: path)) ?? []
        let names = PageTemplates.names.map { $0 + Self.suffix } + [Self.styleSheet, Self.mark]
        return Set(names + own.filter { $0.hasSuffix(Self.suffix) }).sorted().map { path + "/" + $0 }
    }

    private func templates() throws(ApplicationError) -> [String: String] {
        var templates: [String: String] = [:]
        for name in try Files.names(in: path) where name.hasSuffix(Self.suffix) {
            let file = path + "/" + name
            guard let text = String(validating: try Files.read(file), as: UTF8.self) else {
                throw .file(path: file, reason: "it is not UTF-8 text")
            }
            templates[String(name.dropLast(Self.suffix.count))] = text
        }
        return templates
    }

    private func asset(_ name: String) throws(ApplicationError) -> [UInt8]? {
        let file = path + "/" + name
        return Files.exists(file) ? try Files.read(file) : nil
    }

    private static let suffix = ".mustache"
    private static let styleSheet = "gatehouse.css"
    private static let mark = "mark.svg"
}
