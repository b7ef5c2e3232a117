import Configuration
import Crypto
import JSON
import JWT
import OAuthServer

/// `gatehouse init`: a configuration for one upstream, its storage with keys, and a first user and client.
package struct Initialization: Sendable {
    private let file: ConfigurationFile
    private let initial: InitialConfiguration
    private let userName: String
    private let password: NewPassword?
    private let now: Int64

    /// Checks what was asked for; writes nothing yet.
    ///
    /// - Parameters:
    ///   - upstream: the URL of the API.
    ///   - issuer: the URL of the gateway.
    ///   - password: nil for one that is made.
    /// - Throws: `ApplicationError.setup` for what is no URL, or where there is a configuration already.
    package init(
        _ file: ConfigurationFile,
        upstream: String,
        issuer: String,
        userName: String,
        password: NewPassword?,
        now: Int64
    ) throws(ApplicationError) {
        guard let upstreamURL = WebURL(upstream) else {
            throw .setup("--upstream: \(upstream.printable) is no http, https or h2c URL")
        }
        guard let issuerURL = WebURL(issuer), issuerURL.scheme != "h2c" else {
            throw .setup("--issuer: \(issuer.printable) is no http or https URL")
        }
        self.file = file
        initial = InitialConfiguration(upstream: upstreamURL, issuer: issuerURL)
        self.userName = try NewUser(name: userName).checkedName()
        try password?.check(userName: userName)
        self.password = password
        self.now = now
    }

    /// Writes and makes everything.
    ///
    /// - Throws: `ApplicationError` when something is there already or can't be made.
    package func run() async throws(ApplicationError) -> InitializationResult {
        let folder = Files.folder(of: file.path)
        let text = Array(initial.text.utf8)
        let report = GatewayConfiguration.read(text, folder: folder)
        guard let configuration = report.configuration else {
            throw .setup(report.faults.map(\.description).joined(separator: "\n"))
        }
        try refuseExisting(configuration)
        try Files.write(Array(ConfigurationDocuments.schema.utf8), to: folder + "/gateway.schema.json")
        try Files.write(text, to: file.path)
        try makeKeys(configuration)
        let password = if let password { password } else { try NewPassword.random() }
        _ = try await UserCommands(file, now: now)
            .add(NewUser(name: userName)) { () throws(ApplicationError) in password }
        var client = NewClient(name: "First client")
        client.isPublic = true
        client.redirectURIs = [Self.redirectURI]
        client.grantTypes = ["authorization_code", "refresh_token"]
        let scopes = GatewayConfiguration.builtInScopes + configuration.scopes.map(\.name)
        client.scope = scopes.joined(separator: " ")
        let registered = try await ClientCommands(file, now: now).add(client)
        return InitializationResult(
            path: file.path,
            configuration: configuration,
            userName: userName,
            password: self.password == nil ? password.text : nil,
            client: registered.client
        )
    }

    /// Where programs on the user's own machine wait for their code (RFC 8252 §7.3).
    private static let redirectURI = "http://127.0.0.1/callback"

    private func refuseExisting(_ configuration: GatewayConfiguration) throws(ApplicationError) {
        guard !Files.exists(file.path) else {
            throw .setup("\(file.path) is there already; --config FILE writes another one")
        }
        if case .sqlite(let path) = configuration.storage, Files.exists(path) {
            throw .setup("\(path) is there already: it belongs to a gateway that has been set up before")
        }
    }

    private func makeKeys(_ configuration: GatewayConfiguration) throws(ApplicationError) {
        guard let ring = try Storage.shared(configuration).keyRing else { return }
        do throws(StoreError) {
            _ = try ring.maintain(at: now)
        } catch {
            throw .storage("the signing keys can't be made: \(error.description)")
        }
    }
}

/// What `gatehouse init` has made, and how to go on.
package struct InitializationResult: Sendable {
    let path: String
    let configuration: GatewayConfiguration
    let userName: String
    /// Nil where it was chosen by whoever asked.
    let password: String?
    let client: OAuthClient

    /// What there is now and what to do next, as text.
    package var lines: [String] {
        let origin = "\(configuration.issuer.scheme)://\(configuration.issuer.authority)"
        let base = configuration.authorizationServer?.basePath ?? ""
        let config = path.hasSuffix("/gateway.json") ? "" : " --config " + ShellText.quoted(path)
        let trust = CertificateTrust(configuration).option.map { $0 + " " } ?? ""
        let issue =
            "gatehouse token issue --user \(ShellText.quoted(userName)) --scope \(InitialConfiguration.readScope)\(config)"
        return [
            "wrote \(path) and gateway.schema.json beside it",
            "made the storage and signing keys in \(configuration.storage.folder ?? ".")",
            "added the user \(userName)"
                + (password.map { " with the password \($0) (it is shown this one time)" } ?? ""),
            "added the client \(client.id), for programs on a user's own machine",
            "", "Go on with:",
            "  gatehouse serve" + (config.isEmpty ? "" : " " + ShellText.quoted(path)),
            "then sign in at",
            "  \(origin)\(base)/account",
            "and call the API with a token of your own:",
            "  curl -i \(trust)-H \"Authorization: Bearer $(\(issue))\" \(origin)/",
            "More users and programs: gatehouse user add --help, gatehouse client add --help",
        ]
    }

    /// What there is now, as JSON.
    package var json: String {
        var writer = JSONWriter(.pretty)
        writer.beginObject()
        writer.member("config", path)
        writer.member("issuer", configuration.issuer.text)
        writer.member("user", userName)
        if let password { writer.member("password", password) }
        writer.name("client")
        RegisteredClient(client: client, secret: nil).write(to: &writer)
        writer.endObject()
        return writer.text
    }
}
