import Dispatch
import Glibc

/// What the process does on signals, and its limits.
package final class ProcessSignals {
    private let sources: [any DispatchSourceSignal]

    /// From now on `SIGHUP` reloads, `SIGTERM` and `SIGINT` drain and end the process with status 0; a second one of them
    /// ends it at once.
    package init(_ server: GatewayServer) {
        let signals: [(Int32, @Sendable () -> Void)] = [
            (SIGHUP, { server.reload() }),
            (SIGTERM, { Self.end(server) }),
            (SIGINT, { Self.end(server) }),
        ]
        sources = signals.map { number, action in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: action)
            source.resume()
            return source
        }
    }

    /// Writes to closed pipes and sockets are errors, not the end; and as many descriptors as the system allows.
    package static func prepareProcess() {
        signal(SIGPIPE, SIG_IGN)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static func end(_ server: GatewayServer) {
        if server.health.isDraining { exit(1) }
        server.shutdown { exit(0) }
    }
}
