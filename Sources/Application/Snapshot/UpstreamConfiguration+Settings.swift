import Configuration
import Upstream

extension UpstreamConfiguration {
    /// What the client of an upstream needs of its settings; reads the files that they name.
    ///
    /// - Throws: `ApplicationError.setup` when one can't be used.
    init(_ settings: UpstreamSettings) throws(ApplicationError) {
        let servers = settings.servers.map(UpstreamServer.init)
        let usesTLS = servers.contains { $0.isSecure }
        self.init(
            name: settings.name,
            servers: servers,
            balance: settings.balance == .leastRequests ? .leastRequests : .roundRobin,
            connectTimeout: settings.connectTimeout.wholeNanoseconds,
            responseTimeout: settings.responseTimeout.wholeNanoseconds,
            idleTimeout: settings.idleTimeout.wholeNanoseconds,
            retries: settings.retries,
            tls: usesTLS ? try Self.tls(settings) : nil
        )
        offersHTTP2 = settings.tls.offersHTTP2
        offersHTTP2 = settings.tls.offersHTTP2
    }

    private static func tls(_ settings: UpstreamSettings) throws(ApplicationError) -> UpstreamTLS {
        do throws(UpstreamTLSError) {
            return try UpstreamTLS(
                authorityFile: settings.tls.authorityFile,
                clientCertificateFile: settings.tls.clientCertificate?.certificateFile,
                clientKeyFile: settings.tls.clientCertificate?.privateKeyFile,
                serverName: settings.tls.serverName
            )
        } catch {
            throw .setup("upstream \(settings.name): \(error.explanation)")
        }
    }
}

extension UpstreamServer {
    fileprivate init(_ settings: UpstreamServerSettings) {
        switch settings {
        case .url(let url):
            self.init(
                isSecure: url.scheme == "https",
                hasPriorKnowledge: url.scheme == "h2c",
                host: url.socketHost,
                port: url.port
            )
        case .unix(let path): self.init(unixPath: path)
        }
    }
}

extension UpstreamTLSError {
    fileprivate var explanation: String {
        switch self {
        case .noAuthorities(let file): "\(file) holds no certificate of an authority that can be read"
        case .noClientCertificate(let file): "\(file) holds no certificate that can be read"
        case .noClientKey(let file): "\(file) holds no private key that can be read"
        case .clientKeyOfAnotherCertificate(let file): "the key in \(file) does not belong to the certificate"
        }
    }
}
