import Crypto
import PageAssets

/// How the pages look: the templates, the style sheet and the sign, those in the binary or an operator's own.
package struct PageTheme: Sendable {
    let templates: PageTemplates
    let styleSheet: [UInt8]
    let mark: [UInt8]
    /// Changes with the style sheet and the sign, so that browsers can keep both for ever.
    let version: String

    /// - Parameters:
    ///   - templates: An operator's own, by name.
    ///   - styleSheet: An operator's own.
    ///   - mark: An operator's own, as SVG.
    /// - Throws: The first fault in a template.
    package init(
        templates: [String: String] = [:],
        styleSheet: [UInt8]? = nil,
        mark: [UInt8]? = nil
    ) throws(PageTemplateError) {
        self.templates = try PageTemplates(overrides: templates)
        self.styleSheet = styleSheet ?? Self.bytes(PageAssets.styleSheet)
        self.mark = mark ?? Self.bytes(PageAssets.mark)
        let digest = Digest.sha256(self.styleSheet + self.mark).prefix(6)
        version = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func bytes(_ text: StaticString) -> [UInt8] {
        text.withUTF8Buffer { Array($0) }
    }
}
