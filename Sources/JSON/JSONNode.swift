/// A place in a JSON text.
package struct JSONPosition: Sendable, Equatable {
    /// Bytes before this place.
    package let offset: Int
    /// The line, from 1.
    package let line: Int
    /// The byte within its line, from 1.
    package let column: Int

    package init(offset: Int, line: Int, column: Int) {
        self.offset = offset
        self.line = line
        self.column = column
    }
}

/// A JSON value and the place of its first byte.
package struct JSONNode: Sendable, Equatable {
    package let value: JSONValue
    package let position: JSONPosition

    package init(value: JSONValue, position: JSONPosition) {
        self.value = value
        self.position = position
    }
}

/// The value of a JSON text or of a part of it (RFC 8259 §3).
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONNode])
    /// The members in the order of the text; no two have the same name.
    case object([JSONMember])
}

/// A member of a JSON object.
package struct JSONMember: Sendable, Equatable {
    package let name: String
    package let namePosition: JSONPosition
    package let value: JSONNode

    package init(name: String, namePosition: JSONPosition, value: JSONNode) {
        self.name = name
        self.namePosition = namePosition
        self.value = value
    }
}

extension JSONNode {
    /// The member of this object with exactly these bytes as its name; nil if this is no object.
    ///
    /// Swift's `==` takes canonically equivalent spellings as equal (U+212A KELVIN SIGN is `K`); names in protocols are
    /// compared by their bytes.
    package subscript(_ name: String) -> JSONNode? {
        members?.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// The text, if this is a string.
    package var string: String? {
        guard case .string(let text) = value else { return nil }
        return text
    }

    /// The truth value, if this is one.
    package var bool: Bool? {
        guard case .bool(let truth) = value else { return nil }
        return truth
    }

    /// The number, if this is one and it is an integer that fits.
    package var int64: Int64? {
        guard case .number(let number) = value else { return nil }
        return number.int64
    }

    /// The nearest double, if this is a number in range.
    package var double: Double? {
        guard case .number(let number) = value else { return nil }
        return number.double
    }

    /// The elements, if this is an array.
    package var array: [JSONNode]? {
        guard case .array(let elements) = value else { return nil }
        return elements
    }

    /// The members, if this is an object.
    package var members: [JSONMember]? {
        guard case .object(let members) = value else { return nil }
        return members
    }

    /// Whether this is `null`.
    package var isNull: Bool { value == .null }
}
