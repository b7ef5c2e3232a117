import CLinux
import Glibc

/// A bound and listening descriptor, closed with the value's owner.
enum ListeningSocket {
    /// Binds and listens, non-blocking.
    ///
    /// - Parameter shared: several sockets on the address, one for each loop (`SO_REUSEPORT`).
    /// - Throws: `TransportError.addressInUse`, `.invalidAddress` or `.systemCall`.
    static func open(_ address: ListenAddress, shared: Bool) throws(TransportError) -> Int32 {
        switch address {
        case .internet(let host, let port): try openInternet(address, host: host, port: port, shared: shared)
        case .unix(let path): try openUnix(address, path: path)
        }
    }

    /// The port that the socket is bound to.
    static func port(of descriptor: Int32) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let port = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard port == 0 else { return 0 }
        return peer(of: &storage).port
    }

    /// Accepts one connection, non-blocking; nil when none waits or the caller must back off (`code` is set then).
    static func accept(_ descriptor: Int32, code: inout Int32) -> (descriptor: Int32, peer: PeerAddress)? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let accepted = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { clinux_accept(descriptor, $0, &length) }
        }
        guard accepted >= 0 else {
            code = clinux_errno()
            return nil
        }
        code = 0
        let peer = peer(of: &storage)
        if !peer.bytes.isEmpty { SystemCall.setOption(accepted, level: Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
        return (accepted, peer)
    }

    private static func openInternet(
        _ address: ListenAddress,
        host: String,
        port: UInt16,
        shared: Bool
    ) throws(TransportError) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &list) == 0, let first = list else {
            throw .invalidAddress(address.description)
        }
        defer { freeaddrinfo(list) }
        let descriptor = socket(
            first.pointee.ai_family,
            Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue),
            0
        )
        guard descriptor >= 0 else { throw .systemCall("socket", code: clinux_errno()) }
        SystemCall.setOption(descriptor, level: SOL_SOCKET, SO_REUSEADDR, 1)
        if shared { SystemCall.setOption(descriptor, level: SOL_SOCKET, SO_REUSEPORT, 1) }
        if first.pointee.ai_family == AF_INET6, host != "" {
            SystemCall.setOption(descriptor, level: Int32(IPPROTO_IPV6), IPV6_V6ONLY, host == "::" ? 0 : 1)
        }
        return try listening(descriptor, address, first.pointee.ai_addr, first.pointee.ai_addrlen)
    }

    private static func openUnix(_ address: ListenAddress, path: String) throws(TransportError) -> Int32 {
        let descriptor = socket(
            AF_UNIX,
            Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue),
            0
        )
        guard descriptor >= 0 else { throw .systemCall("socket", code: clinux_errno()) }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        return try withUnsafePointer(to: &name) { pointer throws(TransportError) in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name throws(TransportError) in
                removeStaleSocket(path, name, length)
                return try listening(descriptor, address, name, length)
            }
        }
    }

    /// Removes a socket file that nobody listens on, as a process that was killed leaves it.
    private static func removeStaleSocket(_ path: String, _ name: UnsafePointer<sockaddr>, _ length: socklen_t) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { SystemCall.close(probe) }
        if connect(probe, name, length) != 0, clinux_errno() == ECONNREFUSED { _ = unlink(path) }
    }

    private static func listening(
        _ descriptor: Int32,
        _ address: ListenAddress,
        _ name: UnsafePointer<sockaddr>?,
        _ length: socklen_t
    ) throws(TransportError) -> Int32 {
        guard bind(descriptor, name, length) == 0 else {
            let code = clinux_errno()
            SystemCall.close(descriptor)
            throw code == EADDRINUSE ? .addressInUse(address.description) : .systemCall("bind", code: code)
        }
        guard listen(descriptor, 4096) == 0 else {
            let code = clinux_errno()
            SystemCall.close(descriptor)
            throw code == EADDRINUSE ? .addressInUse(address.description) : .systemCall("listen", code: code)
        }
        return descriptor
    }

    private static func peer(of storage: inout sockaddr_storage) -> PeerAddress {
        withUnsafeBytes(of: &storage) { raw in
            switch Int32(storageFamily(raw)) {
            case AF_INET:
                let name = raw.loadUnaligned(as: sockaddr_in.self)
                let bytes = withUnsafeBytes(of: name.sin_addr) { Array($0) }
                return PeerAddress(host: text(AF_INET, bytes), port: UInt16(bigEndian: name.sin_port), bytes: bytes)
            case AF_INET6:
                let name = raw.loadUnaligned(as: sockaddr_in6.self)
                var bytes = withUnsafeBytes(of: name.sin6_addr) { Array($0) }
                let mapped = bytes.prefix(12).elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
                if mapped { bytes = Array(bytes.suffix(4)) }
                let host = text(mapped ? AF_INET : AF_INET6, bytes)
                return PeerAddress(host: host, port: UInt16(bigEndian: name.sin6_port), bytes: bytes)
            default:
                return PeerAddress(host: "", port: 0, bytes: [])
            }
        }
    }

    private static func storageFamily(_ raw: UnsafeRawBufferPointer) -> sa_family_t {
        raw.loadUnaligned(as: sa_family_t.self)
    }

    private static func text(_ family: Int32, _ bytes: [UInt8]) -> String {
        var text = [CChar](repeating: 0, count: 64)
        let written = bytes.withUnsafeBytes { inet_ntop(family, $0.baseAddress, &text, socklen_t(text.count)) }
        return written.map { String(cString: $0) } ?? ""
    }
}

extension PeerAddress {
    /// The bytes of a numeric address as text, an IPv6 one with or without brackets; nil if it is none.
    package static func bytes(of text: UnsafeRawBufferPointer) -> [UInt8]? {
        var text = String(decoding: text, as: UTF8.self)
        if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes.prefix(4)) }
        return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil
    }
}
