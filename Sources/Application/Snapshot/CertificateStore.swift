import Configuration
import Crypto
import TLS

/// Reads the certificates of the listeners, and makes the self-signed one where it is asked for.
struct CertificateStore {
    let configuration: GatewayConfiguration
    let ticketKeys: TicketKeyRing
    let now: Int64

    /// How long a self-signed certificate is good for; it is made anew a month before its end.
    private static let lifetime = Duration.seconds(397 * 86_400)
    private static let renewal: Int64 = 30 * 86_400

    /// The TLS context of each listener; nil for those that speak plain HTTP.
    ///
    /// - Throws: `ApplicationError` when a certificate can't be read or made.
    func contexts() throws(ApplicationError) -> [TLSContext?] {
        var contexts: [TLSContext?] = []
        for listener in configuration.listeners {
            guard let settings = listener.tls else {
                contexts.append(nil)
                continue
            }
            contexts.append(try context(settings, listener))
        }
        return contexts
    }

    private func context(_ settings: TLSSettings, _ listener: ListenerSettings) throws(ApplicationError) -> TLSContext {
        var certificates: [TLSConfiguration.Certificate] = []
        for files in settings.certificates { certificates.append(try Self.read(files)) }
        if settings.isSelfSigned { certificates.append(try selfSigned()) }
        return try context(settings, listener, certificates)
    }

    /// A context with certificates that have been read.
    func context(
        _ settings: TLSSettings,
        _ listener: ListenerSettings,
        _ certificates: [TLSConfiguration.Certificate]
    ) throws(ApplicationError) -> TLSContext {
        let minimum: TLSConfiguration.Version = settings.minimumVersion == .version13 ? .v1_3 : .v1_2
        do throws(TLSError) {
            return try TLSContext(
                TLSConfiguration(
                    certificates: certificates,
                    minimumVersion: minimum,
                    applicationProtocols: listener.protocols.map(\.rawValue)
                ),
                ticketKeys: ticketKeys
            )
        } catch {
            throw .setup("listener \(listener.address): \(error.description)")
        }
    }

    /// Reads a certificate and its key, and tells which file is at fault, which a context could not.
    static func read(_ files: CertificateSettings) throws(ApplicationError) -> TLSConfiguration.Certificate {
        let certificate = TLSConfiguration.Certificate(
            chainPEM: try Files.read(files.certificateFile),
            privateKeyPEM: try Files.read(files.privateKeyFile)
        )
        do throws(TLSError) {
            _ = try ServerCertificate(certificate)
            return certificate
        } catch {
            let file =
                switch error {
                case .unreadableCertificate: files.certificateFile
                default: files.privateKeyFile
                }
            throw .file(path: file, reason: error.description)
        }
    }

    /// The self-signed certificate, kept beside the storage, so that browsers and clients that were told to trust it go
    /// on doing so.
    private func selfSigned() throws(ApplicationError) -> TLSConfiguration.Certificate {
        guard let folder = configuration.storage.folder.map({ $0 + "/tls" }) else { return try makeSelfSigned() }
        let certificateFile = folder + "/certificate.pem"
        let keyFile = folder + "/private-key.pem"
        if let kept = kept(certificateFile, keyFile) { return kept }
        let made = try makeSelfSigned()
        try Files.makeFolder(folder)
        try Files.writePrivate(made.privateKeyPEM, to: keyFile)
        try Files.writePrivate(made.chainPEM, to: certificateFile)
        return made
    }

    /// The kept one, if it still fits: not about to expire, and for all the names.
    private func kept(_ certificateFile: String, _ keyFile: String) -> TLSConfiguration.Certificate? {
        guard let chain = try? Files.read(certificateFile), let key = try? Files.read(keyFile) else { return nil }
        let certificate = TLSConfiguration.Certificate(chainPEM: chain, privateKeyPEM: key)
        guard let parsed = try? ServerCertificate(certificate), parsed.expiresAt - now > Self.renewal else {
            return nil
        }
        let names = subjects().names
        return names.allSatisfy(parsed.names.contains) ? certificate : nil
    }

    private func makeSelfSigned() throws(ApplicationError) -> TLSConfiguration.Certificate {
        let (names, addresses) = subjects()
        do throws(CryptoError) {
            let made = try SelfSignedCertificate.make(
                names: names,
                addresses: addresses,
                validFor: Self.lifetime,
                now: now
            )
            let key = made.privateKeyPEM.withUnsafeBytes { Array($0) }
            return TLSConfiguration.Certificate(chainPEM: made.certificatePEM, privateKeyPEM: key)
        } catch {
            throw .setup("a self-signed certificate can't be made: \(error)")
        }
    }

    /// localhost, the listeners' own hosts and the issuer's.
    private func subjects() -> (names: [String], addresses: [String]) {
        var hosts = ["localhost", "127.0.0.1", "::1", configuration.issuer.socketHost]
        for listener in configuration.listeners {
            if case .tcp(let host, _) = listener.address, !host.isEmpty { hosts.append(host.lowercased()) }
        }
        var names: [String] = []
        var addresses: [String] = []
        for host in hosts {
            if IPAddress(host) != nil {
                if !addresses.contains(host) { addresses.append(host) }
            } else if !names.contains(host) {
                names.append(host)
            }
        }
        return (names, addresses)
    }
}
