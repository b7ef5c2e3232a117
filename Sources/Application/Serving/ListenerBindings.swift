import Configuration
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
                        index: index,
                        tlsContext: snapshot.tlsContexts[index]
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

    /// What is printed once a listener accepts.
    static func announcement(_ binding: ListenerBinding) -> String {
        switch binding.bound.address {
        case .unix(let path): "listening on unix:\(path)"
        case .internet: "listening on \(binding.identity.isSecure ? "https" : "http")://\(binding.bound.address)"
        }
    }

    private func bind(
        _ settings: ListenerSettings,
        _ identity: ListenerIdentity
    ) throws(ApplicationError) -> BoundAddress {
        // A listener that changes from plain to TLS takes the address over from itself.
        do throws(TransportError) {
            return try BoundAddress(identity.address, loops: loopCount)
        } catch {
            throw .setup("listener \(settings.address): \(error.description)")
        }
    }
}

extension ListenerIdentity {
    fileprivate init(_ settings: ListenerSettings, number: Int) {
        let address = Transport.ListenAddress(settings.address)
        let isAnyPort = if case .internet(_, port: 0) = address { true } else { false }
        self.init(
            address: address,
            isSecure: settings.tls != nil,
            redirectsToHTTPS: settings.redirectsToHTTPS,
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
