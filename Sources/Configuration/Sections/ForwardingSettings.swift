/// How the upstreams are told who is calling.
package struct ForwardingSettings: Sendable, Equatable {
    package let userField: String
    package let clientField: String
    package let scopeField: String?
    package let trustedProxies: [AddressBlock]
    package let underscoreFields: UnderscoreFields
}

/// What is done with a request field whose name has an underscore.
package enum UnderscoreFields: String, Sendable, CaseIterable {
    /// The request is answered with 400.
    case reject
    case drop
    case allow
}

extension ForwardingSettings: ConfigurationSection {
    static let title = "forwarding"
    static let summary = """
        How the upstreams are told who is calling. These fields are managed: what a client sends under their names, in any
        spelling, is removed on every route.
        """

    init?(_ reader: SectionReader) {
        userField = reader.value(
            "user_header",
            .managedFieldName,
            default: "X-User-Name",
            "The field for the user's name."
        )
        clientField = reader.value(
            "client_header",
            .managedFieldName,
            default: "X-Client-Id",
            "The field for the client's id."
        )
        scopeField = reader.optional("scope_header", .managedFieldName, "A field for the token's scopes.")
        reader.later("assertion_header", .managedFieldName, "A field for a JWT signed by the gateway for the upstream.")
        trustedProxies = reader.value(
            "trusted_proxies",
            .list(of: .addressBlock),
            default: [],
            "Addresses whose `Forwarded` and `X-Forwarded-*` count; everybody else's are replaced."
        )
        underscoreFields = reader.value(
            "underscore_headers",
            .word(),
            default: "drop",
            "Request fields with an underscore in their names: answer 400, drop them, or forward them."
        )
        let folded = ([userField, clientField] + [scopeField].compactMap(\.self)).map(FieldText.folded)
        if Set(folded).count < folded.count { reader.fault("two of the headers have the same name") }
    }
}
