import COpenSSL
import Crypto
import Foundation

@testable import Upstream

/// A certificate and key in files, and a TLS server that shows it.
///
/// SAFETY: `@unchecked Sendable`, since a context may be used by any thread once it is set up.
final class TestTLS: @unchecked Sendable {
    let certificateFile: String
    let keyFile: String
    private let context: OpaquePointer
    /// What may be chosen in the handshake, as OpenSSL has it.
    private let protocols: UnsafeMutablePointer<UInt8>

    /// - Parameter choice: What is chosen in the handshake if it is offered; nothing if nil.
    init(
        names: [String] = ["localhost"],
        addresses: [String] = ["127.0.0.1"],
        asksForCertificate: Bool = false,
        choice: String? = nil
    ) throws {
        let made = try SelfSignedCertificate.make(
            names: names,
            addresses: addresses,
            validFor: .seconds(3600),
            now: Int64(Date().timeIntervalSince1970)
        )
        let base = NSTemporaryDirectory() + "gatehouse-\(UUID().uuidString)"
        certificateFile = base + ".crt"
        keyFile = base + ".key"
        try Data(made.certificatePEM).write(to: URL(fileURLWithPath: certificateFile))
        let key = made.privateKeyPEM.withUnsafeBytes { Data($0) }
        try key.write(to: URL(fileURLWithPath: keyFile))
        // OpenSSL's writes raise it where the other end is gone.
        signal(SIGPIPE, SIG_IGN)
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw CocoaError(.featureUnsupported) }
        self.context = context
        protocols = .allocate(capacity: 16)
        protocols.initialize(repeating: 0, count: 16)
        if let choice {
            protocols[0] = UInt8(choice.utf8.count)
            for (index, byte) in choice.utf8.enumerated() { protocols[index + 1] = byte }
            SSL_CTX_set_alpn_select_cb(context, Self.choose, protocols)
        }
        SSL_CTX_use_certificate_file(context, certificateFile, SSL_FILETYPE_PEM)
        SSL_CTX_use_PrivateKey_file(context, keyFile, SSL_FILETYPE_PEM)
        var name: [UInt8] = Array("test".utf8)
        SSL_CTX_set_session_id_context(context, &name, UInt32(name.count))
        if asksForCertificate {
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT) { _, _ in 1 }
        }
    }

    deinit {
        SSL_CTX_free(context)
        protocols.deallocate()
        unlink(certificateFile)
        unlink(keyFile)
    }

    private static let choose:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
            UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, chosen, chosenCount, offered, offeredCount, context in
            guard let choice = context?.assumingMemoryBound(to: UInt8.self) else { return SSL_TLSEXT_ERR_NOACK }
            var place: UnsafeMutablePointer<UInt8>?
            let count = UInt32(choice[0]) + 1
            guard
                SSL_select_next_proto(&place, chosenCount, choice, count, offered, offeredCount)
                    == OPENSSL_NPN_NEGOTIATED
            else { return SSL_TLSEXT_ERR_NOACK }
            chosen?.pointee = place.map { UnsafePointer($0) }
            return SSL_TLSEXT_ERR_OK
        }

    /// What a client needs to trust the certificate, unless other files are named.
    func upstreamTLS(
        authorityFile: String? = nil,
        serverName: String? = nil,
        client: TestTLS? = nil
    ) throws -> UpstreamTLS {
        try UpstreamTLS(
            authorityFile: authorityFile ?? certificateFile,
            clientCertificateFile: client?.certificateFile,
            clientKeyFile: client?.keyFile,
            serverName: serverName
        )
    }

    /// Shakes hands with a client; nil if that fails.
    func accept(_ descriptor: Int32) -> TestTLSSession? {
        guard let session = SSL_new(context) else { return nil }
        SSL_set_fd(session, descriptor)
        guard SSL_accept(session) == 1 else {
            SSL_free(session)
            return nil
        }
        return TestTLSSession(session)
    }
}

/// The server's end of a TLS connection, used by one thread.
final class TestTLSSession {
    private let session: OpaquePointer

    fileprivate init(_ session: OpaquePointer) {
        self.session = session
    }

    deinit {
        SSL_free(session)
    }

    var isResumed: Bool { SSL_session_reused(session) == 1 }
    var serverName: String? { SSL_get_servername(session, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) } }

    var hasClientCertificate: Bool {
        let certificate = SSL_get1_peer_certificate(session)
        defer { X509_free(certificate) }
        return certificate != nil
    }

    func send(_ bytes: [UInt8]) -> Bool {
        SSL_write(session, bytes, Int32(bytes.count)) == Int32(bytes.count)
    }

    func receive(_ chunk: inout [UInt8]) -> Int {
        Int(SSL_read(session, &chunk, Int32(chunk.count)))
    }

    /// Says in the way of TLS that nothing more comes.
    func sayGoodbye() {
        SSL_shutdown(session)
    }
}
