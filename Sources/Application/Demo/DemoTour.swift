import Configuration

/// What the demo tells a newcomer to paste: commands that work as they stand, in any folder.
struct DemoTour {
    private let configuration: GatewayConfiguration
    private let storage: Storage
    /// Nil where the gateway only enforces.
    private let visitor: DemoVisitor?
    private let now: Int64

    private static let lifetime: Int64 = 3600

    init(_ configuration: GatewayConfiguration, _ storage: Storage, _ visitor: DemoVisitor?, now: Int64) {
        self.configuration = configuration
        self.storage = storage
        self.visitor = visitor
        self.now = now
    }

    private var origin: String { "\(configuration.issuer.scheme)://\(configuration.issuer.authority)" }

    /// The text, one command a line.
    ///
    /// - Throws: `ApplicationError` when the tokens can't be signed.
    func lines() async throws(ApplicationError) -> [String] {
        let paths = configuration.routes.map(\.path.text)
        let scopes = configuration.scopes.map(\.name)
        var lines = [
            "",
            "Behind it runs a small API that knows nothing of tokens and believes the X-User-Name field.",
        ]
        if let visitor { lines += visit(visitor) }
        lines += ["", "Paste these into another terminal:"]
        if paths.contains("/public/**") {
            lines += ["", "# Anybody may call a public route.", curl("/public/hello")]
        }
        if paths.contains("/notes/**") {
            lines += ["", "# Without a token: 401, and the answer says what is needed.", curl("/notes")]
        }
        guard let visitor else { return lines + Self.end }
        let token = try await token(scopes, of: visitor)
        guard paths.contains("/notes/**") else {
            lines += ["", "# A token for everything, good for an hour.", curl("/", token: token)]
            return lines + Self.end
        }
        lines += ["", "# With a token, good for an hour, Alice writes a note and reads her notes."]
        lines += [curl("/notes", "--data 'buy milk'", token: token), curl("/notes", token: token)]
        lines += ["", "# A client that claims to be somebody else is still Alice."]
        lines += [curl("/notes", "-H 'X-User-Name: mallory'", token: token)]
        if scopes.contains("notes:read") {
            lines += ["", "# This token may only read: 403, and the answer names the scope that is missing."]
            lines += [curl("/notes", "--data 'buy bread'", token: try await self.token(["notes:read"], of: visitor))]
        }
        lines += [
            "",
            "# The whole way of a program: authorize, sign in, consent, token, call, refresh, revoke. Paste it at once.",
        ]
        lines += [visitor.client.script(visitor.accounts, calling: origin + "/notes")]
        return lines + Self.end
    }

    /// The way of a person.
    private func visit(_ visitor: DemoVisitor) -> [String] {
        [
            "", "Sign in as \(visitor.accounts.userName) with the password \(visitor.accounts.password)",
            "in a browser, which will warn of the certificate, because the demo made it itself:",
            visitor.client.authorizationURL,
        ]
    }

    private static let end = ["", "Stop it with Ctrl-C."]

    private func token(_ scopes: [String], of visitor: DemoVisitor) async throws(ApplicationError) -> String {
        try await TokenIssuance(user: visitor.accounts.userName, scopes: scopes, lifetime: Self.lifetime)
            .issue(configuration, storage, now: now)
    }

    /// The token comes last, so that the line says what it does before it becomes unreadable.
    private func curl(_ path: String, _ option: String? = nil, token: String? = nil) -> String {
        let bearer = token.map { "-H 'Authorization: Bearer \($0)'" }
        let trust = CertificateTrust(configuration).option
        return ["curl -sSi", trust, origin + path, option, bearer].compactMap(\.self).joined(separator: " ")
    }
}

/// Who comes to the demo, and with which program.
struct DemoVisitor: Sendable {
    let accounts: DemoAccounts
    let client: DemoClient
}
