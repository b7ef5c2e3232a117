import Bytes
import Transport

/// The values of `Host` that the admin listener answers to.
///
/// A web page can make a browser resolve the page's own name to a loopback address and then read what answers there
/// (DNS rebinding). Its name is in `Host`, so names that are not ours are refused. An address in `Host` cannot be
/// rebound, so where the listener is on all addresses any of them will do.
struct AdminHosts: Sendable {
    private let own: [UInt8]
    private let takesAnyAddress: Bool

    init(address: ListenAddress) {
        switch address {
        case .internet(let host, _):
            own = (host.contains(":") ? "[\(host)]" : host).utf8.map(ASCII.lowercased)
            takesAnyAddress = host == "0.0.0.0" || host == "::"
        case .unix:
            own = []
            takesAnyAddress = false
        }
    }

    /// - Parameter host: in lower case, without its port.
    func allow(_ host: UnsafeRawBufferPointer) -> Bool {
        if host.equals("localhost") || host.equals("127.0.0.1") || host.equals("[::1]") { return true }
        if takesAnyAddress { return isAddress(host) }
        return !own.isEmpty && own.withUnsafeBytes { host.equals($0) }
    }

    private func isAddress(_ host: UnsafeRawBufferPointer) -> Bool {
        if host.first == UInt8(ascii: "[") { return true }
        let parts = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { (1...3).contains($0.count) && $0.allSatisfy(ASCII.isDigit) }
    }
}
