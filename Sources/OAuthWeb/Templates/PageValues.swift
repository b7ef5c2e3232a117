/// What a template can name: the stored properties of a model, and theirs, as dictionaries.
enum PageValues {
    /// Nil where there is nothing to show.
    static func of(_ value: Any) -> Any? {
        switch value {
        case let text as String: return text
        case let flag as Bool: return flag
        case let number as Int: return number
        case let strings as [String]: return strings
        case let flags as [String: Bool]: return flags
        default: break
        }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional: return mirror.children.first.flatMap { of($0.value) }
        case .collection: return mirror.children.compactMap { of($0.value) }
        default:
            var members: [String: Any] = [:]
            for (label, member) in mirror.children {
                guard let label, let member = of(member) else { continue }
                members[label] = member
            }
            return members
        }
    }
}
