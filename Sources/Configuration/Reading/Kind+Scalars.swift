import JSON

extension Kind where Value == Bool {
    static var bool: Kind {
        Kind(describedAs: Shape(form: .truth, words: "true or false")) { cursor in
            if let truth = cursor.node.bool { return truth }
            cursor.fault("a value of the wrong kind", found: cursor.found, allowed: "true or false")
            return nil
        }
    }
}

extension Kind where Value == Int {
    static func integer(_ range: ClosedRange<Int64>) -> Kind {
        let words = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return Kind(describedAs: Shape(form: .integer(range), words: words)) { cursor in
            if let number = cursor.node.int64, range.contains(number) { return Int(number) }
            cursor.fault("a value of the wrong kind or out of range", found: cursor.found, allowed: words)
            return nil
        }
    }
}

extension Kind where Value == String {
    /// Any text with something in it.
    static var text: Kind {
        .text("a text that is not empty", pattern: ".") { (text, _) throws(ValueFault) in
            guard !text.isEmpty else { throw ValueFault("an empty text") }
            guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw ValueFault("a text with control characters")
            }
            return text
        }
    }

    /// A path of a file or folder, made absolute by the configuration's own folder.
    static var path: Kind {
        .text("a path, relative to this file", pattern: ".") { (text, cursor) throws(ValueFault) in
            guard !text.isEmpty, !text.utf8.contains(0) else { throw ValueFault("not a path") }
            return cursor.context.resolve(path: text)
        }
    }

    /// One of a few words.
    static func word(_ words: [String], later: [String] = []) -> Kind {
        let named = (words.map { "\"\($0)\"" } + later.map { "\"\($0)\" (not supported yet)" }).joined(separator: ", ")
        let shape = { Shape(form: .words(words + later), words: "one of \(named)") }
        return Kind(shape: shape) { cursor in
            if let text = cursor.node.string, words.contains(text) { return text }
            if let text = cursor.node.string, later.contains(text) {
                cursor.fault(
                    "\(text.quoted) is not supported yet",
                    allowed: words.map(\.quoted).joined(separator: ", ")
                )
                return nil
            }
            let nearest = cursor.node.string.flatMap { NearestName.nearest(to: $0, among: words) }
            cursor.fault("an unknown value", found: cursor.found, allowed: "one of \(named)", nearest: nearest)
            return nil
        }
    }

    /// A name that another part of the file declares.
    static func reference(to what: String, _ names: @escaping (DeclaredNames) -> [String]) -> Kind {
        .text("the name of \(what)") { (text, cursor) throws(ValueFault) in
            let declared = names(cursor.context.declared)
            guard !cursor.context.isDeclared(text, in: what, names: declared) else { return text }
            throw ValueFault("not the name of \(what)", nearest: NearestName.nearest(to: text, among: declared))
        }
    }

    static var scope: Kind { .reference(to: DeclaredNames.scopeWords) { $0.scopes } }
}

extension Kind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words of an enumeration.
    static func word(later: [Value] = []) -> Kind {
        let later = later.map(\.rawValue)
        let words = Value.allCases.map(\.rawValue).filter { !later.contains($0) }
        return .word(words: words, later: later)
    }

    /// One of the words of an enumeration; others have no value there yet.
    static func word(laterWords: [String]) -> Kind { .word(words: Value.allCases.map(\.rawValue), later: laterWords) }

    private static func word(words: [String], later: [String]) -> Kind {
        Kind<String>.word(words, later: later).compactMap { Value(rawValue: $0) }
    }
}

extension Kind {
    /// The same kind where the value cannot fail to become the other.
    private func compactMap<Other>(_ transform: @escaping (Value) -> Other?) -> Kind<Other> {
        Kind<Other>(shape: shape, isSecret: isSecret) { cursor in read(cursor).flatMap(transform) }
    }
}

extension Kind where Value == JSONNode {
    /// An object whose members are not looked into.
    static var anyObject: Kind {
        Kind(describedAs: Shape(form: .object, words: "an object")) { cursor in
            if cursor.node.members != nil { return cursor.node }
            cursor.fault("a value of the wrong kind", found: cursor.found, allowed: "an object")
            return nil
        }
    }
}

extension ReadingContext {
    /// Whether the name is declared; a set answers, so that many references stay linear.
    func isDeclared(_ name: String, in what: String, names: [String]) -> Bool {
        if let known = declaredSets[what] { return known.contains(name) }
        let known = Set(names)
        declaredSets[what] = known
        return known.contains(name)
    }
}
