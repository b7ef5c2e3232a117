import JSON

/// A kind of value: what may stand in the file, and what it becomes.
struct Kind<Value> {
    /// What may stand there; made only when asked, since kinds nest.
    let shape: () -> Shape
    /// Whether messages must not show the value.
    var isSecret = false
    /// Makes the value, or reports what is wrong and returns nil.
    let read: (Cursor) -> Value?
}

extension Kind {
    init(
        describedAs shape: @autoclosure @escaping () -> Shape,
        isSecret: Bool = false,
        read: @escaping (Cursor) -> Value?
    ) {
        self.init(shape: shape, isSecret: isSecret, read: read)
    }
}

/// Why a text is not of its kind.
struct ValueFault: Error {
    let problem: String
    var nearest: String?

    init(_ problem: String, nearest: String? = nil) {
        self.problem = problem
        self.nearest = nearest
    }

    static let wrongForm = ValueFault("a value of the wrong form")
    static func later(_ what: String) -> ValueFault { ValueFault("\(what) is not supported yet") }
}

extension Kind {
    /// A value that is written as a string of some form.
    static func text(
        _ words: String,
        label: String? = nil,
        pattern: String? = nil,
        isSecret: Bool = false,
        _ parse: @escaping (String, Cursor) throws(ValueFault) -> Value
    ) -> Kind {
        Kind(describedAs: Shape(form: .text(pattern: pattern), words: words, label: label), isSecret: isSecret) {
            cursor in
            guard let text = cursor.node.string else {
                cursor.fault("a value of the wrong kind", found: isSecret ? nil : cursor.found, allowed: words)
                return nil
            }
            do throws(ValueFault) {
                return try parse(text, cursor)
            } catch {
                let found = isSecret ? nil : cursor.found
                cursor.fault(error.problem, found: found, allowed: words, nearest: error.nearest)
                return nil
            }
        }
    }

    /// The same kind with a further rule, which reports by itself and may refuse.
    func checked(_ check: @escaping (Value, Cursor) -> Bool) -> Kind {
        Kind(shape: shape, isSecret: isSecret) { cursor in
            guard let value = read(cursor), check(value, cursor) else { return nil }
            return value
        }
    }

    func map<Other>(_ transform: @escaping (Value, Cursor) -> Other) -> Kind<Other> {
        Kind<Other>(shape: shape, isSecret: isSecret) { cursor in
            read(cursor).map { transform($0, cursor) }
        }
    }

    /// The value, or the word `off` for none.
    var orOff: Kind<Value?> {
        let off = Shape(form: .words(["off"]), words: "\"off\"")
        let shape = { [shape] in
            let value = shape()
            let label = value.label.map { $0 + " or \"off\"" }
            return Shape(form: .either([value, off]), words: value.words + " or \"off\"", label: label)
        }
        return Kind<Value?>(shape: shape, isSecret: isSecret) { cursor in
            if cursor.node.string == "off" { return .some(nil) }
            return read(cursor).map { .some($0) }
        }
    }

    /// One of two forms, told apart by whether the first accepts the JSON type.
    static func either(
        _ first: Kind,
        when isFirst: @escaping (JSONNode) -> Bool,
        else second: Kind,
        words: String? = nil
    ) -> Kind {
        let shape = {
            let shapes = [first.shape(), second.shape()]
            return Shape(form: .either(shapes), words: words ?? shapes.map(\.words).joined(separator: " or "))
        }
        return Kind(shape: shape, isSecret: first.isSecret || second.isSecret) { cursor in
            isFirst(cursor.node) ? first.read(cursor) : second.read(cursor)
        }
    }
}

extension Kind where Value: ConfigurationSection {
    /// An object that is a section of its own.
    static var section: Kind { .object(title: Value.title, summary: Value.summary) { Value($0) } }
}

extension Kind {
    /// An object with known members.
    static func object(
        title: String,
        summary: String,
        _ build: @escaping (SectionReader) -> Value?
    ) -> Kind {
        let shape = {
            let description = SectionDescription(title: title, summary: summary, build)
            return Shape(form: .section(description), words: "an object")
        }
        return Kind(shape: shape) { cursor in
            guard cursor.node.members != nil else {
                cursor.fault("a value of the wrong kind", found: cursor.found, allowed: "an object")
                return nil
            }
            let reader = SectionReader(cursor)
            let known = cursor.context.faults.count
            let value = build(reader)
            reader.finish()
            // A section that came to nothing must not look like one that was not written.
            if value == nil, cursor.context.faults.count == known { cursor.fault("an object that is not whole") }
            return value
        }
    }

    /// A list; every faulty element is reported, and left out.
    ///
    /// - Parameter identity: What no two elements may share; those for which it is nil may be repeated.
    static func list<Element>(
        of element: Kind<Element>,
        minimum: Int = 0,
        unique identity: ((Element) -> String?)? = nil
    ) -> Kind where Value == [Element] {
        let shape = {
            let inner = element.shape()
            return Shape(form: .list(inner, minimum: minimum), words: "a list, each \(inner.words)")
        }
        return Kind(shape: shape) { cursor in
            guard let nodes = cursor.node.array else {
                cursor.fault("a value of the wrong kind", found: cursor.found, allowed: shape().words)
                return nil
            }
            if nodes.count < minimum { cursor.fault("an empty list", allowed: "at least one element") }
            var seen: Set<String> = []
            return nodes.enumerated().compactMap { index, node in
                let place = cursor.element(index, node)
                guard let value = element.read(place) else { return nil }
                if let identity = identity?(value), !seen.insert(identity).inserted {
                    place.fault("repeated", found: place.found)
                }
                return value
            }
        }
    }

    /// An object whose member names are free; the elements know theirs from the pointer.
    static func map<Element>(
        of element: Kind<Element>,
        minimum: Int = 0,
        key checkKey: @escaping (String, Cursor) throws(ValueFault) -> Void
    ) -> Kind where Value == [Element] {
        let shape = {
            let inner = element.shape()
            return Shape(form: .map(inner, minimum: minimum), words: "an object: name → \(inner.words)")
        }
        return Kind(shape: shape) { cursor in
            guard let members = cursor.node.members else {
                cursor.fault("a value of the wrong kind", found: cursor.found, allowed: shape().words)
                return nil
            }
            if members.count < minimum { cursor.fault("an empty object", allowed: "at least one member") }
            return members.compactMap { member in
                let place = cursor.member(member.name, member.value)
                do throws(ValueFault) {
                    try checkKey(member.name, place)
                } catch {
                    place.context.fault(
                        place.finding(
                            error.problem,
                            found: member.name.quoted,
                            nearest: error.nearest,
                            position: member.namePosition
                        )
                    )
                }
                return element.read(place)
            }
        }
    }
}
