/// What is wrong at one place of a configuration, or what a warning warns of.
package struct ConfigurationFault: Error, Sendable, Equatable {
    /// The place as a JSON Pointer (RFC 6901); empty for the whole file.
    package let pointer: String
    /// The line, from 1.
    package let line: Int
    /// The byte within the line, from 1.
    package let column: Int
    /// What is wrong.
    package let problem: String
    /// What stands there; nil where that goes without saying or is a secret.
    package let found: String?
    /// What may stand there.
    package let allowed: String?
    /// The name that was probably meant.
    package let nearest: String?

    /// A fault that was found after reading, such as one between routes.
    package static func later(at route: RouteSettings, _ problem: String) -> ConfigurationFault {
        ConfigurationFault(
            pointer: route.pointer,
            line: route.line,
            column: 1,
            problem: problem,
            found: nil,
            allowed: nil,
            nearest: nil
        )
    }
}

extension ConfigurationFault: CustomStringConvertible {
    /// One line: place, problem, what was found, what is allowed and what was probably meant.
    package var description: String {
        var text = "\(line):\(column): \(pointer.isEmpty ? "(the whole file)" : pointer): \(problem)"
        if let found { text += ", found \(found)" }
        if let nearest { text += "; did you mean \"\(nearest)\"?" }
        if let allowed { text += "; allowed: \(allowed)" }
        return text
    }
}
