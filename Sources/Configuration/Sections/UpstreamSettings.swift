/// An API behind the gateway.
package struct UpstreamSettings: Sendable, Equatable {
    package let name: String
    package let servers: [UpstreamServerSettings]
    package let balance: Balance
    package let connectTimeout: Duration
    /// To the response's head.
    package let responseTimeout: Duration
    /// Without a byte in either direction.
    package let idleTimeout: Duration
    package let retries: Int
    /// Whether the client's `Host` is sent on instead of the server's.
    package let preservesHost: Bool
    package let tls: UpstreamTLSSettings
}

/// How requests are spread over an upstream's servers.
package enum Balance: String, Sendable, CaseIterable {
    case roundRobin = "round_robin"
    case leastRequests = "least_requests"
    case hashUser = "hash_user"
}

/// One server of an upstream.
package enum UpstreamServerSettings: Sendable, Equatable {
    /// `http`, `https` or `h2c`, without path.
    case url(WebURL)
    /// Plain HTTP over a socket in the file system.
    case unix(path: String)
}

extension UpstreamSettings: ConfigurationSection {
    static let title = "upstreams{}"
    static let summary = "The APIs behind the gateway, by name. Their certificates are always verified."

    // Longer than a screen: a flat list of members, which splitting would only hide.
    init?(_ reader: SectionReader) {
        let servers = reader.required(
            "servers",
            .list(of: .upstreamServer, minimum: 1),
            """
            The servers: `http://host:port` (HTTP/1.1), `https://host:port` (the handshake chooses), `h2c://host:port` \
            (HTTP/2 without TLS, by prior knowledge) or `unix:/path` (HTTP/1.1).
            """
        )
        balance = reader.value("balance", .word(later: [.hashUser]), default: "round_robin", "How requests are spread.")
        reader.later("health_check", .healthCheck, "Ask each server regularly whether it is well.")
        connectTimeout = reader.value(
            "connect_timeout",
            .duration(),
            default: "2s",
            "The time to connect, TLS included."
        )
        responseTimeout = reader.value(
            "response_timeout",
            .duration(),
            default: "30s",
            "The time to the response's head."
        )
        idleTimeout = reader.value(
            "idle_timeout",
            .duration(),
            default: "60s",
            "The time without a byte in either direction; a stream that flows has no limit."
        )
        retries = reader.value(
            "retries",
            .integer(0...10),
            default: 1,
            "How often a request that may safely be sent again is."
        )
        preservesHost = reader.value("preserve_host", .bool, default: false, "Send the client's `Host` on.")
        reader.later("credentials", .upstreamCredentials, "The upstream's own log-in.")
        tls = reader.value("tls", .section, default: [:], "TLS to `https://` servers.")
        guard let servers else { return nil }
        if reader.has("tls"), !servers.isEmpty, !servers.contains(where: \.usesTLS) {
            reader.fault("TLS settings of an upstream without https servers", at: "tls")
        }
        name = reader.key
        self.servers = servers
    }
}

extension UpstreamServerSettings {
    var usesTLS: Bool {
        guard case .url(let url) = self else { return false }
        return url.scheme == "https"
    }
}

/// How `https` servers of an upstream are verified, and what is presented to them.
package struct UpstreamTLSSettings: Sendable, Equatable {
    /// Nil for the system's authorities.
    package let authorityFile: String?
    package let clientCertificate: CertificateSettings?
    /// The name to ask for and verify; nil for the server's host.
    package let serverName: String?
    /// Whether the servers may choose HTTP/2.
    package let offersHTTP2: Bool
}

extension UpstreamTLSSettings: ConfigurationSection {
    static let title = "upstreams{}.tls"
    static let summary = "TLS to `https://` servers."

    init?(_ reader: SectionReader) {
        authorityFile = reader.optional("ca_file", .path, "PEM file with the authorities. Absent: the system's.")
        let certificate = reader.optional("client_certificate_file", .path, "PEM file with a certificate to present.")
        let key = reader.optional("client_key_file", .path, "PEM file with that certificate's private key.")
        serverName = reader.optional(
            "server_name",
            .hostName,
            "The name to ask for and verify. Absent: the server's host."
        )
        offersHTTP2 = reader.value(
            "http2",
            .bool,
            default: true,
            "Offer HTTP/2 in the handshake (ALPN); the server chooses. HTTP/1.1 is always offered."
        )
        clientCertificate = certificate.flatMap { certificate in
            key.map { CertificateSettings(certificateFile: certificate, privateKeyFile: $0) }
        }
        if reader.has("client_certificate_file") != reader.has("client_key_file") {
            reader.fault("client_certificate_file and client_key_file go together")
        }
    }
}

extension Kind where Value == String {
    fileprivate static var hostName: Kind {
        .text("a host name") { (text, _) throws(ValueFault) in
            guard HostName.isValid(text) else { throw ValueFault("not a host name") }
            return text.lowercased()
        }
    }
}

extension Kind where Value == UpstreamServerSettings {
    fileprivate static var upstreamServer: Kind {
        let words = "\"http://host:port\", \"https://host:port\", \"h2c://host:port\" or \"unix:/path\""
        return .text(words, pattern: "^(https?://|h2c://|unix:).") { (text, cursor) throws(ValueFault) in
            if text.hasPrefix("unix:") {
                let path = String(text.dropFirst(5))
                let resolved = cursor.context.resolve(path: path)
                guard !path.isEmpty, !path.utf8.contains(0), resolved.utf8.count < 108 else {
                    throw ValueFault("not the path of a socket")
                }
                return .unix(path: resolved)
            }
            guard let url = WebURL(text) else { throw ValueFault("not the URL of a server") }
            guard url.path.isEmpty || url.path == "/" else {
                throw ValueFault("a server with a path; a route's \"rewrite_prefix\" changes paths")
            }
            return .url(url)
        }
    }
}

extension Kind where Value == Void {
    fileprivate static var healthCheck: Kind {
        .object(title: "upstreams{}.health_check", summary: "Asking each server regularly whether it is well.") {
            reader in
            _ = reader.required("path", .literalPath, "The path to ask for; 2xx and 3xx are well.")
            _ = reader.value("interval", .duration(), default: "10s", "The time between two questions.")
            _ = reader.value("timeout", .duration(), default: "2s", "The time for an answer.")
            _ = reader.value("unhealthy_after", .integer(1...100), default: 3, "Failures in a row until it is out.")
            _ = reader.value("healthy_after", .integer(1...100), default: 2, "Successes in a row until it is back.")
            return ()
        }
    }

    fileprivate static var upstreamCredentials: Kind {
        .object(title: "upstreams{}.credentials", summary: "What the gateway logs in with; one of these.") { reader in
            _ = reader.optional("basic", .basicCredentials, "User and password (RFC 7617).")
            _ = reader.optional("bearer", .secret(), "A bearer token.")
            _ = reader.optional("header", .headerCredentials, "A field of any name.")
            guard !reader.context.isDescribing, reader.cursor.node.members?.count != 1 else { return () }
            reader.fault("not one way to log in", allowed: "one of basic, bearer, header")
            return nil
        }
    }

    private static var basicCredentials: Kind {
        .object(title: "upstreams{}.credentials.basic", summary: "HTTP Basic.") { reader in
            _ = reader.required("user", .text, "The user's name.")
            _ = reader.required("password", .secret(), "The password.")
            return ()
        }
    }

    private static var headerCredentials: Kind {
        .object(title: "upstreams{}.credentials.header", summary: "A field of any name.") { reader in
            _ = reader.required("name", .managedFieldName, "The field's name.")
            _ = reader.required("value", .secret(), "The field's value.")
            return ()
        }
    }
}
