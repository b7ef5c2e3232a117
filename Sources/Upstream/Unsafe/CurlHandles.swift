import CCurl
import Crypto
import Glibc

/// A libcurl transfer and the multi handle that drives it, set up once for one server.
///
/// Confined to its event loop.
///
/// One transfer to a multi handle: so libcurl's search for a connection finds it at once, and no other transfer's
/// clean-up takes a connection for dead because bytes wait on it.
final class CurlHandles {
    let easy: UnsafeMutableRawPointer
    let multi: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var connectTo: UnsafeMutablePointer<curl_slist>?
    // The handles point to these until they are freed.
    private let share: CurlShare
    private let tls: UpstreamTLS?
    /// Whether the next connection's handshake offers HTTP/2; the one of TLS only.
    var offersHTTP2 = false
    /// Whether the server of the TLS connection chose it.
    private(set) var hasChosenHTTP2 = false

    /// Sets the handles up, or returns nil when there is no memory or descriptor for them.
    init?(server: UpstreamServer, configuration: UpstreamConfiguration, tls: UpstreamTLS?, share: CurlShare) {
        guard CurlLibrary.isReady, let multi = curl_multi_init() else { return nil }
        guard let easy = curl_easy_init() else {
            curl_multi_cleanup(multi)
            return nil
        }
        self.easy = easy
        self.multi = multi
        self.share = share
        self.tls = tls
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.pointee = 0
        guard setTransport(configuration), setTarget(server, configuration) else { return nil }
        if server.isSecure { guard setTLS() else { return nil } }
    }

    deinit {
        curl_multi_remove_handle(multi, easy)
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
        curl_slist_free_all(connectTo)
        errorText.deallocate()
    }

    /// Why connecting failed.
    func failure(_ code: CURLcode) -> UpstreamError {
        switch code {
        case CURLE_OPERATION_TIMEDOUT: .connectTimedOut
        case CURLE_COULDNT_RESOLVE_HOST: .unreachable(.nameNotResolved)
        case CURLE_COULDNT_CONNECT: .unreachable(.refused)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR: .unreachable(.certificateRefused(describe(code)))
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM: .unreachable(.handshakeFailed(describe(code)))
        case CURLE_OUT_OF_MEMORY: .outOfResources
        default: .unreachable(.other(describe(code)))
        }
    }

    private func describe(_ code: CURLcode) -> String {
        defer { errorText.pointee = 0 }
        return String(cString: errorText.pointee != 0 ? UnsafePointer(errorText) : curl_easy_strerror(code))
    }

    private func setTransport(_ configuration: UpstreamConfiguration) -> Bool {
        // libcurl takes no more than an `int`.
        let milliseconds = Int(Int32(clamping: max(configuration.connectTimeout / 1_000_000, 1)))
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_CONNECT_ONLY, 1),
            (CURLOPT_NOSIGNAL, 1),
            // A resolver thread that is still waiting is left behind; joining it would block the loop.
            (CURLOPT_QUICK_EXIT, 1),
            (CURLOPT_CONNECTTIMEOUT_MS, milliseconds),
            (CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1),
            (CURLOPT_TCP_KEEPALIVE, 1),
        ]
        let pointers: [(CURLoption, UnsafeRawPointer?)] = [
            (CURLOPT_ERRORBUFFER, UnsafeRawPointer(errorText)),
            (CURLOPT_SHARE, UnsafeRawPointer(share.handle)),
        ]
        // The environment's proxies are not ours.
        let strings: [(CURLoption, String)] = [
            (CURLOPT_PROXY, ""), (CURLOPT_NOPROXY, "*"), (CURLOPT_PROTOCOLS_STR, "http,https"),
        ]
        return numbers.allSatisfy { ccurl_set_long(easy, $0, $1) == CURLE_OK }
            && pointers.allSatisfy { ccurl_set_pointer(easy, $0, $1) == CURLE_OK }
            && strings.allSatisfy { ccurl_set_string(easy, $0, $1) == CURLE_OK }
            && ccurl_set_open_socket(easy, CurlLibrary.openSocket) == CURLE_OK
    }

    private func setTarget(_ server: UpstreamServer, _ configuration: UpstreamConfiguration) -> Bool {
        var named = server
        if server.isSecure { named.host = configuration.certificateName(of: server) }
        if named.host != server.host {
            connectTo = curl_slist_append(nil, "::\(server.bracketedHost):\(server.port)")
            guard connectTo != nil,
                ccurl_set_pointer(easy, CURLOPT_CONNECT_TO, UnsafeRawPointer(connectTo)) == CURLE_OK
            else { return false }
        }
        if let path = server.unixPath {
            guard ccurl_set_string(easy, CURLOPT_UNIX_SOCKET_PATH, path) == CURLE_OK else { return false }
        }
        let url = "\(server.isSecure ? "https" : "http")://\(named.bracketedHost):\(server.port)/"
        return ccurl_set_string(easy, CURLOPT_URL, url) == CURLE_OK
    }

    private func setTLS() -> Bool {
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_SSL_VERIFYPEER, 1),
            (CURLOPT_SSL_VERIFYHOST, 2),
            (CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            // What is offered is set beside libcurl, which must not take up HTTP/2 by itself.
            (CURLOPT_SSL_ENABLE_ALPN, 0),
        ]
        // The authorities are in a store that was read once; libcurl would read the file for each connection.
        guard numbers.allSatisfy({ ccurl_set_long(easy, $0, $1) == CURLE_OK }),
            ccurl_set_string(easy, CURLOPT_CAINFO, nil) == CURLE_OK,
            ccurl_set_string(easy, CURLOPT_CAPATH, nil) == CURLE_OK
        else { return false }
        // Without a store nothing is trusted.
        guard let tls else { return true }
        // SAFETY: the transfer belongs to this object, so it ends before.
        let context = Unmanaged.passUnretained(self).toOpaque()
        return ccurl_set_ssl_context(easy, CurlLibrary.prepareTLS, context) == CURLE_OK
            && ccurl_set_connected(easy, CurlLibrary.noteChoice, context) == CURLE_OK
            && setBlob(CURLOPT_SSLCERT_BLOB, tls.clientCertificate)
            && setBlob(CURLOPT_SSLKEY_BLOB, tls.clientKey)
    }

    fileprivate func prepareTLS(_ context: UnsafeMutableRawPointer) -> Bool {
        hasChosenHTTP2 = false
        return tls?.prepare(context, offersHTTP2: offersHTTP2) ?? false
    }

    /// libcurl lets go of the connection after this, until it is read or written.
    fileprivate func noteChoice() {
        hasChosenHTTP2 = session.map(UpstreamTLS.hasChosenHTTP2) ?? false
    }

    /// OpenSSL's side of a TLS connection.
    var session: UnsafeMutableRawPointer? {
        var session: UnsafeMutableRawPointer?
        guard ccurl_get_pointer(easy, CURLINFO_TLS_SSL_PTR, &session) == CURLE_OK, let session else { return nil }
        let backend = session.assumingMemoryBound(to: curl_tlssessioninfo.self).pointee
        return backend.backend == CURLSSLBACKEND_OPENSSL ? backend.internals : nil
    }

    private func setBlob(_ option: CURLoption, _ secret: SecretBytes?) -> Bool {
        guard let secret else { return true }
        return secret.withUnsafeBytes {
            // libcurl only copies them.
            ccurl_set_blob(easy, option, UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count) == CURLE_OK
        }
    }
}

@available(*, unavailable)
extension CurlHandles: Sendable {}

/// Resolved names and TLS sessions, shared by the connections of one upstream on one loop.
///
/// Confined to its event loop, so it needs no locks. Not for several upstreams: a session must not be resumed by one
/// that trusts other authorities.
final class CurlShare {
    fileprivate let handle: UnsafeMutableRawPointer?

    init() {
        handle = CurlLibrary.isReady ? curl_share_init() : nil
        guard let handle else { return }
        _ = ccurl_share(handle, CURL_LOCK_DATA_DNS)
        _ = ccurl_share(handle, CURL_LOCK_DATA_SSL_SESSION)
    }

    deinit {
        curl_share_cleanup(handle)
    }
}

@available(*, unavailable)
extension CurlShare: Sendable {}

/// What the process does once for libcurl, and its callbacks that need no state.
enum CurlLibrary {
    /// Whether libcurl is there to be used.
    static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Gives a connection's TLS context the authorities; the callback's context is the handles.
    fileprivate static let prepareTLS: curl_ssl_ctx_callback = { _, context, handles in
        guard let context, let handles else { return CURLE_SSL_CACERT_BADFILE }
        let owner = Unmanaged<CurlHandles>.fromOpaque(handles).takeUnretainedValue()
        return owner.prepareTLS(context) ? CURLE_OK : CURLE_OUT_OF_MEMORY
    }

    /// Looks at a connection when its handshake is done; the callback's context is the handles.
    fileprivate static let noteChoice: curl_prereq_callback = { handles, _, _, _, _ in
        guard let handles else { return CURL_PREREQFUNC_ABORT }
        Unmanaged<CurlHandles>.fromOpaque(handles).takeUnretainedValue().noteChoice()
        return CURL_PREREQFUNC_OK
    }

    /// Makes sockets that no child process inherits.
    fileprivate static let openSocket: curl_opensocket_callback = { _, _, address in
        guard let address = address?.pointee else { return -1 }
        return socket(address.family, address.socktype | Int32(SOCK_CLOEXEC.rawValue), address.protocol)
    }
}
