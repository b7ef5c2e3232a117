/// Scopes as OAuth writes them: names with one space between them (RFC 6749 §3.3).
enum ScopeList {
    static let words = "scopes with spaces between them"

    /// The names, in their order; nil where one is empty or stands there twice.
    static func parse(_ text: String) -> [String]? {
        if text.isEmpty { return [] }
        let names = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        return names.contains("") || Set(names).count < names.count ? nil : names
    }
}

extension Kind where Value == [String] {
    /// Scopes that the file declares, in one text.
    static var scopeList: Kind {
        .text(ScopeList.words) { (text, cursor) throws(ValueFault) in
            guard let names = ScopeList.parse(text) else { throw ValueFault("not a list of scopes") }
            let declared = cursor.context.declared.scopes
            for name in names where !cursor.context.isScope(name) {
                let nearest = NearestName.nearest(to: name, among: declared)
                throw ValueFault("\(name.quoted) is not the name of a scope that \"scopes\" declares", nearest: nearest)
            }
            return names
        }
    }
}

extension ReadingContext {
    fileprivate func isScope(_ name: String) -> Bool {
        isDeclared(name, in: DeclaredNames.scopeWords, names: declared.scopes)
    }
}
