import Configuration
import HTTPServer
import TLS
import Transport

/// The sockets of the configured listeners, kept across reloads where the address stays the same.
struct ListenerBindings {
    private(set) var current: [ListenerBinding] = []
    private let loopCount: Int

    init(loopCount: Int) {
        self.loopCount = loopCount
    }

    /// The bindings of a snapshot: known ones again, new ones bound.
    ///
    /// A listener that changes from plain to TLS keeps its sockets: another bind would find the address taken.
    ///
    /// - Throws: `ApplicationError.setup` when an address can't be had; nothing has changed then.
    func bindings(for snapshot: ServerSnapshot) throws(ApplicationError) -> [ListenerBinding] {
        var made: [BoundAddress] = []
        var bindings: [ListenerBinding] = []
        do throws(ApplicationError) {
            for (index, settings) in snapshot.configuration.listeners.enumerated() {
                let identity = ListenerIdentity(settings, number: index)
                let known = current.first { $0.identity == identity }?.bound
                let bound: BoundAddress
                if let known {
                    bound = known
                } else {
                    bound = try bind(settings, identity)
                    made.append(bound)
                }
                bindings.append(
                    ListenerBinding(
                        identity: identity,
                        bound: bound,
                        settings: AcceptorSettings(settings, index, tlsContext: snapshot.tlsContexts[index])
                    )
                )
            }
        } catch {
            for bound in made { bound.close() }
            throw error
        }
        return bindings
    }

    mutating func take(_ bindings: [ListenerBinding]) {
        current = bindings
    }

    /// Those among the bindings that do not listen yet, or for another protocol.
    func changed(among bindings: [ListenerBinding]) -> [ListenerBinding] {
        bindings.filter { new in
            !current.contains { $0.identity == new.identity && $0.isSecure == new.isSecure }
        }
    }

    /// What is printed once a listener accepts.
    static func announcement(_ binding: ListenerBinding) -> String {
        switch binding.bound.address {
        case .unix(let path): "listening on unix:\(path)"
        case .internet: "listening on \(binding.isSecure ? "https" : "http")://\(binding.bound.address)"
        }
    }

    private func bind(
        _ settings: ListenerSettings,
        _ identity: ListenerIdentity
    ) throws(ApplicationError) -> BoundAddress {
        do throws(TransportError) {
            return try BoundAddress(identity.address, loops: loopCount)
        } catch {
            throw .setup("listener \(settings.address): \(error.description)")
        }
    }
}

extension AcceptorSettings {
    fileprivate init(_ settings: ListenerSettings, _ index: Int, tlsContext: TLSContext?) {
        self.init(
            listener: index,
            tlsContext: tlsContext,
            redirectsToHTTPS: settings.redirectsToHTTPS,
            acceptsHTTP1: settings.protocols.contains(.http1),
            acceptsHTTP2: settings.protocols.contains { $0 != .http1 }
        )
    }
}

extension ListenerIdentity {
    fileprivate init(_ settings: ListenerSettings, number: Int) {
        let address = Transport.ListenAddress(settings.address)
        let isAnyPort = if case .internet(_, port: 0) = address { true } else { false }
        self.init(
            address: address,
            number: isAnyPort ? number : 0
        )
    }
}

extension Transport.ListenAddress {
    init(_ address: Configuration.ListenAddress) {
        self =
            switch address {
            case .tcp(let host, let port): .internet(host: host, port: port)
            case .unix(let path): .unix(path: path)
            }
    }
}
