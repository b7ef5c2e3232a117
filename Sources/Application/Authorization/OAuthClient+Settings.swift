import Configuration
import Crypto
import Glibc
import OAuthServer

extension OAuthClient {
    /// The clients that the configuration registers, with their secrets read and hashed.
    ///
    /// - Throws: `ApplicationError.setup` when a secret can't be had.
    static func configured(_ configuration: GatewayConfiguration) throws(ApplicationError) -> [OAuthClient] {
        var clients: [OAuthClient] = []
        for settings in configuration.authorizationServer?.clients ?? [] { clients.append(try OAuthClient(settings)) }
        return clients
    }

    /// A client that the configuration registers, with its secret read and hashed.
    ///
    /// - Throws: `ApplicationError.setup` when the secret can't be had.
    init(_ settings: ClientSettings) throws(ApplicationError) {
        self.init(withoutSecret: settings)
        secretHash = try settings.secret.map { (secret) throws(ApplicationError) in
            try Self.hash(secret, ofClient: settings.id)
        }
    }

    /// A client that the configuration registers, for those who need not check its secret, and may not be able to read it.
    init(withoutSecret settings: ClientSettings) {
        self.init(
            id: settings.id,
            name: settings.name,
            authenticationMethod: AuthenticationMethod(settings.authenticationMethod),
            redirectURIs: settings.redirectURIs.map(\.text),
            grantTypes: Set(settings.grantTypes.map(GrantType.init)),
            scopes: settings.scopes,
            requiredScopes: settings.requiredScopes,
            mayIntrospect: settings.mayIntrospect,
            idTokenAlgorithm: settings.idTokenAlgorithm.rawValue,
            postLogoutRedirectURIs: settings.postLogoutRedirectURIs.map(\.text),
            origin: .configuration
        )
    }

    private static func hash(
        _ secret: SecretReference,
        ofClient id: String
    ) throws(ApplicationError) -> [UInt8] {
        if case .hash(let text) = secret { return hexadecimal(text.dropFirst("sha256:".count)) }
        do throws(SecretFault) {
            return Digest.sha256(
                try secret.resolve(
                    environment: { name in getenv(name).map { String(cString: $0) } },
                    contentsOfFile: { try? Files.read($0) }
                )
            )
        } catch {
            throw .setup("authorization_server.clients: client_secret of \(id.printable): \(error.description)")
        }
    }

    /// The bytes of digits that the configuration has checked.
    private static func hexadecimal(_ digits: Substring) -> [UInt8] {
        let values = digits.utf8.map { UInt8(String(UnicodeScalar($0)), radix: 16) ?? 0 }
        return stride(from: 0, to: values.count - 1, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}

extension OAuthClient.AuthenticationMethod {
    fileprivate init(_ method: ClientSettings.AuthenticationMethod) {
        self =
            switch method {
            case .secretBasic: .secretBasic
            case .secretPost: .secretPost
            case .none: .none
            }
    }
}

extension OAuthClient.GrantType {
    fileprivate init(_ type: ClientSettings.GrantType) {
        self =
            switch type {
            case .authorizationCode: .authorizationCode
            case .refreshToken: .refreshToken
            case .clientCredentials: .clientCredentials
            }
    }
}
