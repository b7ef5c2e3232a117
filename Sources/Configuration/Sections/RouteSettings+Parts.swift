import JSON

extension RouteSettings {
    /// What a request must look like for the route.
    struct Match {
        let path: RoutePath
        let name: String?
        let hosts: [String]
        let methods: [String]?

        init?(_ reader: SectionReader) {
            let path = reader.required(
                "path",
                .routePath,
                """
                A literal path, `*` for one segment, `/**` at the end for any number including none: `/notes/**` covers \
                `/notes` and `/notes/7`, never `/notes2`.
                """
            )
            name = reader.optional("name", .text, "A name for logs and metrics. Absent: its methods, hosts and path.")
            hosts = reader.value(
                "hosts",
                .nonEmpty(.list(of: .hostPattern, unique: { $0 })),
                default: [],
                "Hosts it answers on, exact or `*.example.com`. Absent: any."
            )
            methods = reader.optional(
                "methods",
                .list(of: .method, minimum: 1, unique: { $0 }),
                "Methods; `GET` implies `HEAD`. Absent: any."
            )
            guard let path else { return nil }
            self.path = path
        }
    }

    /// What a token must have beside scopes.
    struct TokenRules {
        let claims: [ClaimRule]
        let issuers: [String]
        let resource: String?

        init(_ reader: SectionReader) {
            claims =
                reader.optional(
                    "claims",
                    .map(of: .claimRule, minimum: 1) { (_, _) in },
                    "Claims the token must have: name → value, or a list of values one of which it must be."
                ) ?? []
            issuers = reader.value(
                "issuers",
                .nonEmpty(.list(of: .reference(to: "an issuer of this file") { $0.issuers }, unique: { $0 })),
                default: [],
                "Issuers whose tokens are taken. Absent: all."
            )
            resource = reader.optional(
                "resource",
                .reference(to: "a resource that \"resources\" declares") { $0.resources },
                "The name of the resource that tokens must be for. Absent: the issuer, for our own tokens."
            )
        }
    }

    /// What goes upstream.
    struct ForwardRules {
        let rewritePrefix: String?
        let userField: String?
        let claimFields: [ClaimField]
        let forwardsAuthorization: Bool

        init(_ reader: SectionReader) {
            rewritePrefix = reader.optional(
                "rewrite_prefix",
                .literalPath,
                "Replaces the path's beginning up to the first star: with `/v2`, `/notes/**` sends `/notes/7` as `/v2/7`."
            )
            userField = reader.optional(
                "user_header",
                .managedFieldName,
                "The field for the user's name. Absent: that of `forwarding`."
            )
            let claim = Kind<String>.text.map { claim, cursor in
                ClaimField(name: cursor.pointer.components.last ?? "", claim: claim)
            }
            claimFields = reader.value(
                "claim_headers",
                .map(of: claim.checked { field, cursor in cursor.checkManaged(field.name) }) {
                    (name, _) throws(ValueFault) in
                    guard FieldText.isToken(name) else { throw ValueFault("not a field name") }
                },
                default: [:],
                "Field → claim: claims to send along, percent-encoded where not printable ASCII."
            )
            forwardsAuthorization = reader.value(
                "forward_authorization",
                .bool,
                default: false,
                "Let the upstream see the token."
            )
        }
    }

    /// Exactly one way of saying who may use the route; nil if it is faulty.
    static func readAccess(_ reader: SectionReader) -> RouteAccess? {
        let scopes = Kind<[String]>.list(of: .scope, minimum: 1, unique: { $0 })
        let all = reader.optional("scopes", scopes, "Scopes that the token must have, all of them.")
        let any = reader.optional(
            "any_scopes",
            scopes,
            "Scopes of which the token must have one. With `scopes`: both rules."
        )
        let word = reader.optional(
            "access",
            Kind<String>.word(["public", "optional", "authenticated", "deny"]),
            """
            `public`: anybody; `optional`: no token is fine, a bad one is 401; `authenticated`: any valid token; `deny`: \
            nobody.
            """
        )
        let hasScopes = reader.has("scopes") || reader.has("any_scopes")
        if hasScopes, reader.has("access") {
            reader.fault("both scopes and access", at: "access", allowed: "one of them")
        }
        if !hasScopes, !reader.has("access") {
            reader.fault("nothing says who may use this route", allowed: "one of scopes, any_scopes, access")
        }
        if hasScopes { return .scopes(all: all ?? [], any: any ?? []) }
        switch word {
        case "public": return .public
        case "optional": return .optional
        case "authenticated": return .authenticated
        case "deny": return .deny
        default: return nil
        }
    }

    /// The rules between members.
    func check(_ reader: SectionReader) {
        if access != .deny, !reader.has("upstream") {
            reader.fault("the member \"upstream\" is missing", allowed: "the name of an upstream")
        }
        if path.hasParameters, !allowsPathParameters {
            reader.fault("a path with parameters, which are refused without \"path_parameters\"", at: "path")
        }
        if !access.takesToken {
            for name in ["claims", "issuers", "resource"] where reader.has(name) {
                reader.fault("a rule for tokens on a route that looks at none", at: name)
            }
        }
        checkFields(reader)
    }

    /// Two rules must not set the same field, whichever way it is spelled.
    private func checkFields(_ reader: SectionReader) {
        var seen: Set<String> = []
        for field in claimFields.map(\.name) + [userField].compactMap(\.self) + requestFields.set.map(\.name)
        where !seen.insert(FieldText.folded(field)).inserted {
            reader.fault("the field \(field.quoted) is set twice")
        }
    }
}

extension Kind {
    /// A list that has something in it where it is written at all.
    static func nonEmpty<Element>(_ list: Kind<[Element]>) -> Kind where Value == [Element] {
        let shape = {
            let shape = list.shape()
            guard case .list(let element, _) = shape.form else { return shape }
            return Shape(form: .list(element, minimum: 1), words: shape.words)
        }
        return Kind(shape: shape, isSecret: list.isSecret) { cursor in
            let value = list.read(cursor)
            // The default may be empty: it is read in a context whose faults nobody sees.
            if cursor.node.array?.isEmpty == true { cursor.fault("an empty list", allowed: "at least one element") }
            return value
        }
    }
}

extension Kind where Value == ClaimRule {
    /// A value or a list of values.
    fileprivate static var claimRule: Kind {
        let single = Kind<ClaimValue>.claimValue
        let name = { (cursor: Cursor) in cursor.pointer.components.last ?? "" }
        let list = Kind<[ClaimValue]>.list(of: single, minimum: 1)
            .map { ClaimRule(name: name($1), values: $0) }
        return .either(
            list,
            when: { $0.array != nil },
            else: single.map { ClaimRule(name: name($1), values: [$0]) },
            words: "a text, whole number or truth value, or a list of them"
        )
    }
}

extension Kind where Value == ClaimValue {
    fileprivate static var claimValue: Kind {
        let words = "a text, whole number or truth value"
        return Kind(describedAs: Shape(form: .scalar, words: words)) { cursor in
            if let text = cursor.node.string { return .text(text) }
            if let number = cursor.node.int64 { return .integer(number) }
            if let truth = cursor.node.bool { return .truth(truth) }
            cursor.fault("a value of the wrong kind", found: cursor.found, allowed: words)
            return nil
        }
    }
}
