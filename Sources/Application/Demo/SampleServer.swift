import Dispatch
import HTTPServer
import Transport

/// Runs the sample API on a loop of its own, on a free port of this machine.
final class SampleServer: Sendable {
    let port: UInt16
    private let loop: EventLoop

    /// - Throws: `ApplicationError.setup` when there is no free port.
    init() throws(ApplicationError) {
        do throws(TransportError) {
            let loop = try EventLoop(index: 0)
            let bound = try BoundAddress(.internet(host: "127.0.0.1", port: 0), loops: 1)
            guard case .internet(_, let port) = bound.address else { throw .invalidAddress("127.0.0.1:0") }
            self.loop = loop
            self.port = port
            let ready = DispatchSemaphore(value: 0)
            loop.execute {
                let server = ServerLoop(
                    loop: loop,
                    handler: SampleAPI(),
                    settings: ServerSettings(),
                    census: ConnectionCensus(limit: 1024)
                )
                let acceptor = ServerAcceptor(server: server, listener: 0, tlsContext: nil)
                try? bound.listener(on: loop, acceptor: acceptor)?.start()
                ready.signal()
            }
            ready.wait()
        } catch {
            throw .setup("the sample API can't start: \(error.description)")
        }
    }
}
