import Bytes
import Configuration
import Gateway
import HTTP
import HTTP2
import HTTPServer
import JWT
import OAuthServer
import OAuthWeb
import TLS
import Upstream

/// One configuration, compiled and with its files read: immutable, shared by all loops.
package struct ServerSnapshot: Sendable {
    package let configuration: GatewayConfiguration
    package let gateway: GatewaySnapshot
    /// The issuers that are trusted beside ourselves, with their keys.
    package let trustedIssuers: [TokenIssuer]
    /// The clients that the configuration registers, with their secrets read.
    package let clients: [OAuthClient]
    /// How the pages look; nil where the gateway only enforces.
    let pages: PageTheme?
    let settings: PipelineSettings
    let serverSettings: ServerSettings
    let upstreams: [UpstreamConfiguration]
    let tlsContexts: [TLSContext?]

    /// Compiles a configuration and reads every file that it names.
    ///
    /// - Parameters:
    ///   - path: The configuration's own path, for messages.
    ///   - ticketKeys: Outlives reloads, so that clients can resume their sessions after one.
    ///   - now: Seconds since 1970.
    /// - Throws: `ApplicationError`; ties between routes as `.invalidConfiguration`.
    package init(
        _ configuration: GatewayConfiguration,
        path: String,
        ticketKeys: TicketKeyRing,
        now: Int64
    ) throws(ApplicationError) {
        try self.init(
            configuration,
            path: path,
            clients: try OAuthClient.configured(configuration),
            tlsContexts: try CertificateStore(configuration: configuration, ticketKeys: ticketKeys, now: now).contexts()
        )
    }

    /// The same without certificates and clients, for commands that serve nothing.
    package init(offline configuration: GatewayConfiguration, path: String) throws(ApplicationError) {
        try self.init(configuration, path: path, clients: [], tlsContexts: [])
    }

    private init(
        _ configuration: GatewayConfiguration,
        path: String,
        clients: [OAuthClient],
        tlsContexts: [TLSContext?]
    ) throws(ApplicationError) {
        self.configuration = configuration
        self.tlsContexts = tlsContexts
        do throws(GatewayDefinitionError) {
            gateway = try GatewaySnapshot(GatewayDefinition(configuration))
        } catch {
            throw .invalidConfiguration(
                ConfigurationProblem(path: path, faults: error.configurationFaults(configuration.routes))
            )
        }
        var issuers: [TokenIssuer] = []
        for settings in configuration.trustedIssuers { issuers.append(try TokenIssuer(settings)) }
        trustedIssuers = issuers
        self.clients = clients
        var pages: PageTheme?
        if let settings = configuration.authorizationServer?.pages { pages = try PageFolder.theme(settings) }
        self.pages = pages
        var upstreams: [UpstreamConfiguration] = []
        for settings in configuration.upstreams { upstreams.append(try UpstreamConfiguration(settings)) }
        self.upstreams = upstreams
        settings = PipelineSettings(configuration)
        serverSettings = ServerSettings(configuration.limits)
    }

    /// The verifier for our own keys, if we have any, and those of the issuers that are trusted.
    ///
    /// The order is that of `tokenIssuerNames`, by which routes name their issuers.
    package func verifier(_ ownKeys: SigningKeys?) -> TokenVerifier {
        let own = configuration.authorizationServer.map { _ in
            TokenIssuer(
                own: configuration.issuer.text,
                keys: ownKeys?.verificationKeys ?? JSONWebKeySet(keys: [])
            )
        }
        return TokenVerifier(issuers: (own.map { [$0] } ?? []) + trustedIssuers)
    }
}

extension ServerSettings {
    fileprivate init(_ limits: LimitSettings) {
        self.init(
            headLimits: HTTPLimits(
                targetSize: Int(clamping: limits.targetSize),
                headerSize: Int(clamping: limits.headerSize),
                headerCount: limits.headerCount
            ),
            headerTimeout: limits.headerTimeout.wholeNanoseconds,
            idleTimeout: limits.idleTimeout.wholeNanoseconds,
            bodyMinimumRate: limits.bodyMinimumRate ?? 0,
            http2: HTTP2Settings(limits.http2)
        )
    }
}

extension HTTP2Settings {
    fileprivate init(_ limits: HTTP2LimitSettings) {
        self.init(
            session: HTTP2SessionSettings(
                concurrentStreams: UInt32(clamping: limits.concurrentStreams),
                streamWindow: UInt32(clamping: limits.streamWindow),
                connectionWindow: UInt32(clamping: limits.connectionWindow),
                headerTableSize: UInt32(clamping: limits.headerTableSize)
            ),
            resets: FrameRate(limits.resets),
            controlFrames: FrameRate(limits.controlFrames)
        )
    }
}

extension FrameRate {
    fileprivate init(_ rate: Rate) {
        self.init(count: UInt64(clamping: rate.count), nanoseconds: rate.period.wholeNanoseconds)
    }
}

extension PipelineSettings {
    fileprivate init(_ configuration: GatewayConfiguration) {
        let issuer = configuration.issuer
        self.init(
            issuerHost: Array(issuer.host.utf8),
            issuerOrigin: Array("\(issuer.scheme)://\(issuer.authority)".utf8),
            bodySize: configuration.limits.bodySize,
            trustedProxies: TrustedProxies(
                configuration.forwarding.trustedProxies.map {
                    TrustedProxies.Block(bytes: $0.address.bytes, prefixLength: $0.prefixLength)
                }
            ),
            preservesHost: configuration.upstreams.map(\.preservesHost),
            transportSecurityLines: configuration.listeners.map { listener in
                guard let lifetime = listener.tls?.strictTransportSecurity else { return [] }
                return Array("Strict-Transport-Security: max-age=\(lifetime.wholeSeconds)\r\n".utf8)
            }
        )
    }
}

extension GatewayDefinitionError {
    /// What is wrong with the routes, at their places in the file.
    func configurationFaults(_ routes: [RouteSettings]) -> [ConfigurationFault] {
        faults.map { fault in
            switch fault {
            case .route(let index, let error):
                return .later(at: routes[index], error.explanation)
            case .tie(let tie):
                let other = routes[tie.first]
                let method = tie.method.map { " for \($0)" } ?? ""
                return .later(
                    at: routes[tie.second],
                    "can't be told apart from \(other.pointer) (line \(other.line)): both match \(tie.path)\(method)"
                )
            }
        }
    }
}

extension RouteDefinitionError {
    fileprivate var explanation: String {
        switch self {
        case .pattern(let error): "a path that can't be used: \(error)"
        case .host(let host): "a host that can't be used: \(host)"
        case .method(let method): "a method that can't be used: \(method)"
        case .fieldName(let name): "a field name that can't be used: \(name)"
        case .fieldValue(let name): "a value that can't be used for the field \(name)"
        case .scopeNotDeclared(let scope): "the scope \(scope) is not declared"
        case .issuerNotTrusted(let issuer): "the issuer \(issuer) is not trusted"
        case .noAccess: "nobody is said to have access"
        }
    }
}
