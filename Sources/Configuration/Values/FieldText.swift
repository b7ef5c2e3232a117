/// Names and values of HTTP fields (RFC 9110 §5.1, §5.5).
enum FieldText {
    static let namePattern = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"

    /// RFC 9110 §5.6.2: token.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// Printable ASCII, spaces and tabs inside, nothing at the ends that a receiver would trim.
    static func isValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 == 0x09 || (0x20...0x7E).contains($0) }
            && text.first != " " && text.last != " " && text.first != "\t" && text.last != "\t"
    }

    /// The name as managed names are compared: case ignored, `_` and `.` taken as `-`.
    static func folded(_ name: String) -> String {
        String(name.lowercased().map { $0 == "_" || $0 == "." ? "-" : $0 })
    }

    /// Fields that frame or route a message, or that belong to one connection: no rule may touch them.
    static let framing: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "content-length", "host", "expect",
    ]

    /// Fields that the gateway writes into every request itself.
    static let ownRequestFields: Set<String> = [
        "via", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id", "traceparent",
    ]
}

extension Kind where Value == String {
    static var fieldName: Kind {
        .text("the name of an HTTP field", pattern: FieldText.namePattern) { (text, _) throws(ValueFault) in
            guard FieldText.isToken(text) else { throw ValueFault("not a field name") }
            return text
        }
    }

    /// A request field that the gateway may set: none that frames the message and none that it sets already.
    static var managedFieldName: Kind {
        fieldName.checked { name, cursor in cursor.checkManaged(name) }
    }

    static var fieldValue: Kind {
        .text("printable ASCII without spaces at the ends") { (text, _) throws(ValueFault) in
            guard FieldText.isValue(text) else { throw ValueFault("not a field value") }
            return text
        }
    }
}

extension Cursor {
    /// Reports a name that may not be set in requests.
    func checkManaged(_ name: String) -> Bool {
        let folded = FieldText.folded(name)
        guard !FieldText.framing.contains(folded) else {
            fault("a field that frames the message or belongs to the connection", found: name.quoted)
            return false
        }
        guard !FieldText.ownRequestFields.contains(folded) else {
            fault("a field that the gateway sets by itself", found: name.quoted)
            return false
        }
        return true
    }
}
