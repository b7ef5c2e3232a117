/// Which scripts of other origins may call a route (Fetch standard, CORS protocol).
package struct CORSSettings: Sendable, Equatable {
    /// Serialized origins; nil for any.
    package let origins: [String]?
    /// Nil for the methods of the route.
    package let methods: [String]?
    /// Request fields that scripts may set; nil for those that they ask for.
    package let requestFields: [String]?
    /// Response fields that scripts may read.
    package let exposedFields: [String]
    package let allowsCredentials: Bool
    /// How long browsers may remember the answer.
    package let maximumAge: Duration
}

extension CORSSettings: ConfigurationSection {
    static let title = "routes[].cors"
    static let summary = "Which scripts of other origins may call the route. Answered before authentication."

    init?(_ reader: SectionReader) {
        let origins = reader.required(
            "origins",
            .list(of: .origin, minimum: 1, unique: { $0 }),
            "Origins such as `https://app.example.com`, or `*` for any."
        )
        methods = reader.optional(
            "methods",
            .list(of: .method, minimum: 1, unique: { $0 }),
            "Methods that scripts may use. Absent: those of the routes with this path."
        )
        requestFields = reader.optional(
            "headers",
            .list(of: .fieldName),
            "Request fields that scripts may set. Absent: those that they ask for."
        )
        exposedFields = reader.value(
            "exposed_headers",
            .list(of: .fieldName),
            default: [],
            "Response fields that scripts may read, beside `WWW-Authenticate` and `X-Request-Id`."
        )
        allowsCredentials = reader.value("credentials", .bool, default: false, "Whether cookies may be sent along.")
        maximumAge = reader.value(
            "max_age",
            .duration(allowsZero: true),
            default: "10m",
            "How long browsers may remember the answer to a preflight."
        )
        guard let origins else { return nil }
        if allowsCredentials, origins.contains("*") {
            reader.fault("credentials for any origin", at: "credentials", allowed: "origins by name")
        }
        self.origins = origins.contains("*") ? nil : origins
    }
}

extension Kind where Value == String {
    /// RFC 6454 §6.2: scheme, host and, unless it is the scheme's own, port.
    fileprivate static var origin: Kind {
        .text("an origin such as \"https://app.example.com\", or \"*\"") { (text, _) throws(ValueFault) in
            if text == "*" || text == "null" {
                guard text == "*" else { throw ValueFault("the origin \"null\", which anybody can have") }
                return text
            }
            guard let url = WebURL(text), url.scheme != "h2c" else { throw ValueFault("not an origin") }
            let serialized = "\(url.scheme)://\(url.authority)"
            guard serialized == text else {
                throw ValueFault("not an origin as browsers write it", nearest: serialized)
            }
            return text
        }
    }

    /// A method that a route can have (RFC 9110 §9.1: case counts).
    static var method: Kind {
        .text("an HTTP method such as \"GET\"", pattern: FieldText.namePattern) { (text, _) throws(ValueFault) in
            let upper = text.uppercased()
            guard FieldText.isToken(text) else { throw ValueFault("not a method") }
            guard upper != "TRACE", upper != "CONNECT" else { throw ValueFault("a method that is always refused") }
            guard text == upper else { throw ValueFault("a method in lower case", nearest: upper) }
            return text
        }
    }
}
