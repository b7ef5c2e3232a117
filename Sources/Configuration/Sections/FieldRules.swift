/// Changes to the fields of a message.
package struct FieldRules: Sendable, Equatable {
    /// Replaces what there is of that name.
    package let set: [Field]
    package let add: [Field]
    package let remove: [String]

    /// A field's name and value.
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    package var isEmpty: Bool { self.set.isEmpty && add.isEmpty && remove.isEmpty }
}

extension FieldRules {
    static var requestKind: Kind<FieldRules> {
        let summary = "Changes to the request that goes upstream. What they set is managed: a client's own is removed."
        return .object(title: "routes[].request_headers", summary: summary) { FieldRules($0, isRequest: true) }
    }

    static var responseKind: Kind<FieldRules> {
        let summary = "Changes to the response that goes to the client."
        return .object(title: "routes[].response_headers", summary: summary) { FieldRules($0, isRequest: false) }
    }

    private init?(_ reader: SectionReader, isRequest: Bool) {
        let field = Kind<String>.fieldValue.map { value, cursor in
            Field(name: cursor.pointer.components.last ?? "", value: value)
        }
        let fields = Kind<[Field]>.map(of: field) { (name, cursor) throws(ValueFault) in
            try Self.check(name, isRequest: isRequest)
            if isRequest, name.lowercased() == "authorization" {
                cursor.warn("a literal secret may stand in this file")
            }
        }
        let name = Kind<String>.fieldName.checked { name, cursor in
            guard FieldText.framing.contains(FieldText.folded(name)) else { return true }
            cursor.fault("a field that frames the message or belongs to the connection", found: name.quoted)
            return false
        }
        set = reader.value("set", fields, default: [:], "Name → value; replaces what there is of that name.")
        add = reader.value("add", fields, default: [:], "Name → value; what there is stays.")
        remove = reader.value("remove", .list(of: name), default: [], "Names of fields to remove.")
    }

    private static func check(_ name: String, isRequest: Bool) throws(ValueFault) {
        guard FieldText.isToken(name) else { throw ValueFault("not a field name") }
        let folded = FieldText.folded(name)
        guard !FieldText.framing.contains(folded) else {
            throw ValueFault("a field that frames the message or belongs to the connection")
        }
        guard !isRequest || !FieldText.ownRequestFields.contains(folded) else {
            throw ValueFault("a field that the gateway sets by itself")
        }
    }
}
