import Bytes
import COpenSSL
import Crypto

/// What is wrong with the TLS files of an upstream.
package enum UpstreamTLSError: Error, Equatable, Sendable {
    case noAuthorities(file: String)
    case noClientCertificate(file: String)
    case noClientKey(file: String)
    case clientKeyOfAnotherCertificate(file: String)
}

/// Whom `https` servers must have their certificate from, and the certificate that they are shown.
///
/// The files are read once, here; connecting reads none. Certificates are always verified.
///
/// SAFETY: `@unchecked Sendable`, since nothing changes after `init` and OpenSSL guards the store with a lock of its own.
package final class UpstreamTLS: @unchecked Sendable {
    /// The name that certificates must be for and that SNI names, instead of the server's host.
    package let serverName: String?
    /// PEM, certificate first and then its chain.
    let clientCertificate: SecretBytes?
    /// PEM.
    let clientKey: SecretBytes?
    fileprivate let store: OpaquePointer

    /// Reads the files; without `authorities` the system's are trusted.
    ///
    /// - Throws: the file that cannot be used.
    package init(
        authorityFile: String? = nil,
        clientCertificateFile: String? = nil,
        clientKeyFile: String? = nil,
        serverName: String? = nil
    ) throws(UpstreamTLSError) {
        let pair = try Self.readClientPair(clientCertificateFile, clientKeyFile)
        clientCertificate = pair?.certificate
        clientKey = pair?.key
        self.serverName = serverName
        guard let store = X509_STORE_new() else { throw .noAuthorities(file: authorityFile ?? "") }
        // An authority given by hand may be an intermediate one.
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN))
        let loaded = authorityFile.map { X509_STORE_load_file(store, $0) } ?? X509_STORE_set_default_paths(store)
        ERR_clear_error()
        guard loaded == 1 else {
            X509_STORE_free(store)
            throw .noAuthorities(file: authorityFile ?? "")
        }
        self.store = store
    }

    deinit {
        X509_STORE_free(store)
    }

    /// Sets a libcurl connection's `SSL_CTX` up; false when there is no memory for it.
    func prepare(_ context: UnsafeMutableRawPointer, offersHTTP2: Bool) -> Bool {
        let target = OpaquePointer(context)
        SSL_CTX_set1_cert_store(target, store)
        // A write that would block is tried again from a buffer that may have moved and grown.
        let modes = SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS
        SSL_CTX_ctrl(target, SSL_CTRL_MODE, Int(modes), nil)
        let protocols: StaticString = offersHTTP2 ? "\u{2}h2\u{8}http/1.1" : "\u{8}http/1.1"
        return protocols.withUTF8Buffer { SSL_CTX_set_alpn_protos(target, $0.baseAddress, UInt32($0.count)) == 0 }
    }

    /// Whether the peer of a libcurl connection chose HTTP/2 (RFC 7301 §3.1).
    static func hasChosenHTTP2(_ session: UnsafeMutableRawPointer) -> Bool {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(OpaquePointer(session), &name, &count)
        return UnsafeRawBufferPointer(start: name, count: Int(count)).equals("h2")
    }

    /// Whether the peer of a libcurl connection has closed it in the way of TLS, so that nothing was cut off.
    static func hasEndedProperly(_ session: UnsafeMutableRawPointer) -> Bool {
        SSL_get_shutdown(OpaquePointer(session)) & SSL_RECEIVED_SHUTDOWN != 0
    }

    /// Room for the one record that `sayGoodbye` makes.
    static let goodbyeSize = 1024

    /// Makes the `close_notify` of a libcurl connection (RFC 8446 §6.1).
    ///
    /// libcurl's own BIO works within its calls only, so another one takes the record.
    ///
    /// - Returns: The part of `room` to send; empty when OpenSSL has none.
    static func sayGoodbye(
        _ session: UnsafeMutableRawPointer,
        into room: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        let ssl = OpaquePointer(session)
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        guard let own = SSL_get_wbio(ssl), let memory = BIO_new(BIO_s_mem()) else { return none }
        defer { ERR_clear_error() }
        // SAFETY: `SSL_set0_wbio` takes over one reference and frees that of the BIO before.
        BIO_up_ref(own)
        BIO_up_ref(memory)
        SSL_set0_wbio(ssl, memory)
        _ = SSL_shutdown(ssl)
        SSL_set0_wbio(ssl, own)
        let count = BIO_read(memory, room.baseAddress, Int32(clamping: room.count))
        BIO_free(memory)
        return count > 0 ? UnsafeRawBufferPointer(rebasing: room[..<Int(count)]) : none
    }

    /// The certificate's file and the key's, which may be one, once it is known that they fit.
    private static func readClientPair(
        _ certificateFile: String?,
        _ keyFile: String?
    ) throws(UpstreamTLSError) -> (certificate: SecretBytes, key: SecretBytes)? {
        guard let certificateFile else { return nil }
        let keyFile = keyFile ?? certificateFile
        defer { ERR_clear_error() }
        let certificateBytes = read(certificateFile)
        let certificate = parse(certificateBytes) { PEM_read_bio_X509($0, nil, refusePassword, nil) }
        guard let certificateBytes, let certificate else { throw .noClientCertificate(file: certificateFile) }
        defer { X509_free(certificate) }
        let keyBytes = read(keyFile)
        let key = parse(keyBytes) { PEM_read_bio_PrivateKey($0, nil, refusePassword, nil) }
        guard let keyBytes, let key else { throw .noClientKey(file: keyFile) }
        defer { EVP_PKEY_free(key) }
        guard X509_check_private_key(certificate, key) == 1 else { throw .clientKeyOfAnotherCertificate(file: keyFile) }
        return (certificateBytes, keyBytes)
    }

    private static func parse(_ bytes: SecretBytes?, _ body: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer? {
        bytes?.withUnsafeBytes { bytes in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { BIO_free(bio) }
            return body(bio)
        }
    }

    /// A file's content, up to a size that no certificate chain has.
    private static func read(_ file: String) -> SecretBytes? {
        guard let bio = BIO_new_file(file, "rb") else { return nil }
        defer { BIO_free(bio) }
        return withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 16) { room in
            defer { OPENSSL_cleanse(room.baseAddress, room.count) }
            let count = BIO_read(bio, room.baseAddress, Int32(room.count))
            guard count > 0 else { return nil }
            return SecretBytes(copying: UnsafeRawBufferPointer(rebasing: room[..<Int(count)]))
        }
    }

    // OpenSSL would ask on the terminal otherwise.
    private static let refusePassword:
        @Sendable @convention(c) (
            UnsafeMutablePointer<CChar>?, CInt, CInt, UnsafeMutableRawPointer?
        ) -> CInt = { _, _, _, _ in -1 }
}
