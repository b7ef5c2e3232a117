/// One address on which requests are accepted.
package struct ListenerSettings: Sendable, Equatable {
    package let address: ListenAddress
    /// Nil for plain HTTP.
    package let tls: TLSSettings?
    /// At least one, each once.
    package let protocols: [ListenerProtocol]
    /// Whether every request is answered with 308 to the issuer's host.
    package let redirectsToHTTPS: Bool
}

/// What a listener's clients may speak.
package enum ListenerProtocol: String, Sendable, CaseIterable {
    /// HTTP/2, chosen by ALPN in the TLS handshake (RFC 9113 §3.2).
    case http2 = "h2"
    /// HTTP/1.1, and HTTP/1.0 from old clients.
    case http1 = "http/1.1"
    /// HTTP/2 without TLS from clients that begin with it, by prior knowledge (RFC 9113 §3.3).
    case http2Cleartext = "h2c"
}

extension ListenerSettings: ConfigurationSection {
    static let title = "listeners[]"
    static let summary = "Where requests are accepted."

    init?(_ reader: SectionReader) {
        let address = reader.required(
            "address",
            .listenAddress(emptyHost: ""),
            "Where to listen. Port 0 picks a free one; no host, or `*`, is every address."
        )
        let tls: TLSSettings? = reader.optional("tls", .section, "TLS. Absent: plain HTTP.")
        let written: [ListenerProtocol]? = reader.optional(
            "protocols",
            .list(of: .word(), minimum: 1, unique: \.rawValue),
            """
            What clients may speak. `h2` needs TLS, where the handshake chooses (ALPN); `h2c` is HTTP/2 without TLS, for \
            clients that begin with it. Absent: `["h2", "http/1.1"]` with TLS, `["http/1.1"]` without.
            """
        )
        redirectsToHTTPS = reader.value(
            "redirect_to_https",
            .bool,
            default: false,
            "Answer every request with 308 to the issuer's host and nothing else."
        )
        reader.later(
            "proxy_protocol",
            .bool,
            default: false,
            "Require a PROXY protocol header (v1 or v2) from the peer."
        )
        if reader.has("tls"), redirectsToHTTPS {
            reader.fault("a redirect to https on a listener with TLS", at: "redirect_to_https")
        }
        protocols = written ?? (reader.has("tls") ? [.http2, .http1] : [.http1])
        Self.check(reader, protocols)
        self.tls = tls
        guard let address else { return nil }
        if !reader.has("tls"), !redirectsToHTTPS, !address.isLocal {
            reader.warn(
                "tokens are readable on the way: a listener without TLS that other machines reach",
                at: "address"
            )
        }
        self.address = address
    }

    /// TLS and plain listeners have different forms of HTTP/2.
    private static func check(_ reader: SectionReader, _ protocols: [ListenerProtocol]) {
        if reader.has("tls"), protocols.contains(.http2Cleartext) {
            reader.fault("\"h2c\" on a listener with TLS", at: "protocols", allowed: "\"h2\", \"http/1.1\"")
        }
        if !reader.has("tls"), protocols.contains(.http2) {
            reader.fault("\"h2\" on a listener without TLS", at: "protocols", allowed: "\"h2c\", \"http/1.1\"")
        }
    }
}

/// What a listener presents and accepts in TLS.
package struct TLSSettings: Sendable, Equatable {
    /// The first is presented when no other fits the server name; empty only with `isSelfSigned`.
    package let certificates: [CertificateSettings]
    /// Whether the certificate for names that no other fits is made by the gateway itself.
    package let isSelfSigned: Bool
    package let minimumVersion: TLSVersion
    /// The lifetime of `Strict-Transport-Security` (RFC 6797), or nil for none.
    package let strictTransportSecurity: Duration?
}

/// A version of TLS.
package enum TLSVersion: String, Sendable, CaseIterable {
    case version12 = "1.2"
    case version13 = "1.3"
}

extension TLSSettings: ConfigurationSection {
    static let title = "listeners[].tls"
    static let summary = """
        The certificate: `certificate_file` with `private_key_file`, or `self_signed`. The files are read again when they
        change.
        """

    // Longer than a screen: a flat list of members, which splitting would only hide.
    init?(_ reader: SectionReader) {
        let certificateFile = reader.optional(
            "certificate_file",
            .path,
            "PEM file with the certificate and the intermediate ones behind it."
        )
        let keyFile = reader.optional("private_key_file", .path, "PEM file with the certificate's private key.")
        let isSelfSigned = reader.value(
            "self_signed",
            .bool,
            default: false,
            """
            Make a certificate (P-256) for localhost, the listener's address and the issuer's host: once, in `tls/` beside \
            the storage, or in memory with `memory:`.
            """
        )
        let further: [CertificateSettings] = reader.value(
            "certificates",
            .list(of: .section),
            default: [],
            "Further certificates; the one whose names fit the server name (SNI) is presented."
        )
        minimumVersion = reader.value("minimum_version", .word(), default: "1.2", "The oldest TLS version accepted.")
        reader.later("client_ca_file", .path, "PEM file with the authorities that client certificates must come from.")
        reader.later(
            "client_certificate",
            Kind<String>.word(["required", "optional"]),
            "Ask clients for a certificate."
        )
        strictTransportSecurity = reader.optional(
            "hsts",
            .duration(allowsZero: true),
            "Send `Strict-Transport-Security` (RFC 6797) with this lifetime."
        )
        var certificates = further
        if let certificateFile, let keyFile {
            certificates.insert(CertificateSettings(certificateFile: certificateFile, privateKeyFile: keyFile), at: 0)
        }
        Self.check(reader, isSelfSigned: isSelfSigned, hasCertificates: !certificates.isEmpty)
        if !isSelfSigned, certificates.isEmpty { return nil }
        self.certificates = certificates
        self.isSelfSigned = isSelfSigned
    }

    /// The rules between members.
    private static func check(_ reader: SectionReader, isSelfSigned: Bool, hasCertificates: Bool) {
        if reader.has("certificate_file") != reader.has("private_key_file") {
            reader.fault("certificate_file and private_key_file go together")
        }
        if isSelfSigned, reader.has("certificate_file") {
            reader.fault(
                "two certificates for the same names",
                at: "self_signed",
                allowed: "certificate_file or self_signed"
            )
        }
        if !isSelfSigned, !hasCertificates, !reader.has("certificate_file"), !reader.has("private_key_file") {
            reader.fault(
                "no certificate",
                allowed: "certificate_file and private_key_file, self_signed, or certificates"
            )
        }
    }
}

/// A certificate and its private key.
package struct CertificateSettings: Sendable, Equatable {
    package let certificateFile: String
    package let privateKeyFile: String
}

extension CertificateSettings: ConfigurationSection {
    static let title = "listeners[].tls.certificates[]"
    static let summary = "A certificate for further names."

    init?(_ reader: SectionReader) {
        let certificateFile = reader.required(
            "certificate_file",
            .path,
            "PEM file with the certificate and the intermediate ones behind it."
        )
        let keyFile = reader.required("private_key_file", .path, "PEM file with the certificate's private key.")
        guard let certificateFile, let keyFile else { return nil }
        self.init(certificateFile: certificateFile, privateKeyFile: keyFile)
    }
}
