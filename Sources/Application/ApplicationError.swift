/// Why the gateway can't do what it was asked to; the text is for the person who asked.
package enum ApplicationError: Error, Sendable {
    /// The configuration has faults, which are listed apart.
    case invalidConfiguration(ConfigurationProblem)
    /// A file can't be read or has the wrong content.
    case file(path: String, reason: String)
    /// Something that the configuration asks for can't be set up.
    case setup(String)
    /// The storage can't be used.
    case storage(String)
}

extension ApplicationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidConfiguration(let problem): problem.description
        case .file(let path, let reason): "\(path): \(reason)"
        case .setup(let reason), .storage(let reason): reason
        }
    }
}
