import Configuration

/// What the demo tells a newcomer to paste: commands that work as they stand, in any folder.
struct DemoTour {
    private let configuration: GatewayConfiguration
    private let storage: Storage
    private let now: Int64

    private static let user = "alice"
    private static let lifetime: Int64 = 3600

    init(_ configuration: GatewayConfiguration, _ storage: Storage, now: Int64) {
        self.configuration = configuration
        self.storage = storage
        self.now = now
    }

    /// The text, one command a line.
    ///
    /// - Throws: `ApplicationError` when the tokens can't be signed.
    func lines() async throws(ApplicationError) -> [String] {
        let paths = configuration.routes.map(\.path.text)
        let scopes = configuration.scopes.map(\.name)
        var lines = [
            "",
            "Behind it runs a small API that knows nothing of tokens and believes the X-User-Name field.",
            "Paste these into another terminal:",
        ]
        if paths.contains("/public/**") {
            lines += ["", "# Anybody may call a public route.", curl("/public/hello")]
        }
        if paths.contains("/notes/**") {
            lines += ["", "# Without a token: 401, and the answer says what is needed.", curl("/notes")]
        }
        guard configuration.authorizationServer != nil else { return lines + Self.end }
        let token = try await token(scopes)
        guard paths.contains("/notes/**") else {
            return lines + ["", "# A token for everything, good for an hour.", curl("/", token: token)] + Self.end
        }
        lines += ["", "# With a token, good for an hour, Alice writes a note and reads her notes."]
        lines += [curl("/notes", "--data 'buy milk'", token: token), curl("/notes", token: token)]
        lines += ["", "# A client that claims to be somebody else is still Alice."]
        lines += [curl("/notes", "-H 'X-User-Name: mallory'", token: token)]
        if scopes.contains("notes:read") {
            lines += ["", "# This token may only read: 403, and the answer names the scope that is missing."]
            lines += [curl("/notes", "--data 'buy bread'", token: try await self.token(["notes:read"]))]
        }
        return lines + Self.end
    }

    private static let end = ["", "Stop it with Ctrl-C."]

    private func token(_ scopes: [String]) async throws(ApplicationError) -> String {
        try await TokenIssuance(user: Self.user, scopes: scopes, lifetime: Self.lifetime)
            .issue(configuration, storage, now: now)
    }

    /// The token comes last, so that the line says what it does before it becomes unreadable.
    private func curl(_ path: String, _ option: String? = nil, token: String? = nil) -> String {
        let origin = "\(configuration.issuer.scheme)://\(configuration.issuer.authority)"
        let bearer = token.map { "-H 'Authorization: Bearer \($0)'" }
        let trust = CertificateTrust(configuration).option
        return ["curl -sSi", trust, origin + path, option, bearer].compactMap(\.self).joined(separator: " ")
    }
}
