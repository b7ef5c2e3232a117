/// A protected resource (RFC 9728), which tokens can be asked for by name (RFC 8707).
package struct ResourceSettings: Sendable, Equatable {
    package let name: String
    /// The resource's URI: the audience of its tokens.
    package let resource: String
    package let resourceName: String?
    package let documentation: String?
}

extension ResourceSettings: ConfigurationSection {
    static let title = "resources{}"
    static let summary = """
        Protected resources (RFC 9728, RFC 8707), by name. Without it the issuer is the only one. Our own tokens must carry
        the route's resource, or the issuer, as audience.
        """

    init?(_ reader: SectionReader) {
        let resource = reader.required("resource", .resourceURI, "The resource's URI: the audience of its tokens.")
        resourceName = reader.optional("resource_name", .text, "Its name, for people.")
        documentation = reader.optional("resource_documentation", .text, "A page about it, for developers.")
        guard let resource else { return nil }
        name = reader.key
        self.resource = resource
    }
}

extension Kind where Value == String {
    /// RFC 8707 §2: an absolute URI without fragment.
    fileprivate static var resourceURI: Kind {
        .text("an https URL without query and fragment", pattern: "^https?://[^?#\\s]+$") {
            (text, _) throws(ValueFault) in
            guard let url = WebURL(text), url.scheme == "https" || url.scheme == "http" && url.isLoopback else {
                throw ValueFault("not an https URL")
            }
            return text
        }
    }
}
