import COpenSSL

/// What all TLS connections of a listener share: certificates by name, versions, suites and ticket keys.
///
/// SAFETY: `@unchecked Sendable`, since nothing changes after `init` and OpenSSL's contexts may be used by many threads.
package final class TLSContext: @unchecked Sendable {
    package let certificates: [ServerCertificate]

    private let ticketKeys: TicketKeyRing
    private var contexts: [OpaquePointer] = []
    private var exactNames: [String: OpaquePointer] = [:]
    private var wildcardNames: [String: OpaquePointer] = [:]
    /// Length-prefixed names (RFC 7301 §3.1), at an address that does not move.
    fileprivate let protocolList: UnsafeMutableBufferPointer<UInt8>

    /// Mozilla's "intermediate" suites for TLS 1.2; those of 1.3 are OpenSSL's, which are the same.
    private static let suites =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

    /// - Throws: `TLSError` when a certificate or key can't be read or they do not belong together.
    package init(_ configuration: TLSConfiguration, ticketKeys: TicketKeyRing) throws(TLSError) {
        guard !configuration.certificates.isEmpty else { throw .noCertificate }
        var certificates: [ServerCertificate] = []
        for certificate in configuration.certificates { certificates.append(try ServerCertificate(certificate)) }
        self.certificates = certificates
        self.ticketKeys = ticketKeys
        let names = configuration.applicationProtocols.flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8) }
        protocolList = .allocate(capacity: names.count)
        _ = protocolList.initialize(from: names)
        for certificate in certificates {
            let context = try makeContext(certificate, configuration.minimumVersion)
            contexts.append(context)
            for name in certificate.names { register(name, context) }
        }
        let argument = Unmanaged.passUnretained(self).toOpaque()
        for context in contexts {
            copenssl_set_server_name_callback(context, serverNameCallback, argument)
            if !protocolList.isEmpty { SSL_CTX_set_alpn_select_cb(context, protocolCallback, argument) }
        }
    }

    deinit {
        for context in contexts { SSL_CTX_free(context) }
        protocolList.deallocate()
    }

    /// A new server-side connection.
    func makeConnection() -> OpaquePointer? {
        contexts.first.flatMap { SSL_new($0) }
    }

    private func register(_ name: String, _ context: OpaquePointer) {
        if name.hasPrefix("*.") {
            let suffix = String(name.dropFirst(2))
            if wildcardNames[suffix] == nil { wildcardNames[suffix] = context }
        } else if exactNames[name] == nil {
            exactNames[name] = context
        }
    }

    /// The context for a server name (RFC 6066 §3): the exact name before a wildcard for its parent.
    fileprivate func context(for name: String) -> OpaquePointer? {
        let name = name.lowercased()
        if let exact = exactNames[name] { return exact }
        guard let dot = name.firstIndex(of: ".") else { return nil }
        return wildcardNames[String(name[name.index(after: dot)...])]
    }

    private func makeContext(
        _ certificate: ServerCertificate,
        _ minimumVersion: TLSConfiguration.Version
    ) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw .setup(OpenSSLError.take()) }
        let minimum = minimumVersion == .v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION
        var works = copenssl_set_minimum_version(context, minimum) == 1
        works = works && SSL_CTX_set_cipher_list(context, Self.suites) == 1
        works = works && copenssl_set_groups(context, "X25519:P-256:P-384") == 1
        works = works && SSL_CTX_use_certificate(context, certificate.leaf) == 1
        works = works && SSL_CTX_use_PrivateKey(context, certificate.privateKey) == 1
        for issuer in certificate.issuers {
            works = works && copenssl_add_chain_certificate(context, issuer) == 1
        }
        guard works else {
            let reason = OpenSSLError.take()
            SSL_CTX_free(context)
            throw .setup(reason)
        }
        copenssl_set_server_options(context)
        copenssl_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        copenssl_disable_session_cache(context)
        SSL_CTX_set_num_tickets(context, 1)
        SSL_CTX_set_session_id_context(context, "gatehouse", 9)
        ticketKeys.install(in: context)
        return context
    }
}

private let serverNameCallback: copenssl_server_name_callback = { ssl, _, argument in
    guard let ssl, let argument, let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
        return SSL_TLSEXT_ERR_NOACK
    }
    let owner = Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue()
    if let context = owner.context(for: String(cString: name)) { SSL_set_SSL_CTX(ssl, context) }
    return SSL_TLSEXT_ERR_OK
}

private let protocolCallback:
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
        UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, chosen, chosenLength, offered, offeredLength, argument in
        guard let argument, let chosen, let chosenLength, let offered else { return SSL_TLSEXT_ERR_NOACK }
        let owner = Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue()
        var output: UnsafeMutablePointer<UInt8>?
        let list = owner.protocolList
        let result = SSL_select_next_proto(
            &output,
            chosenLength,
            list.baseAddress,
            UInt32(list.count),
            offered,
            offeredLength
        )
        guard result == OPENSSL_NPN_NEGOTIATED, let output else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        chosen.pointee = UnsafePointer(output)
        return SSL_TLSEXT_ERR_OK
    }
