import Dispatch
import HTTPServer
import Locking
import Transport

/// Runs the sample API on a loop of its own, on a free port of this machine.
final class SampleServer: Sendable {
    let port: UInt16
    private let loop: EventLoop
    private let client: Locked<DemoClient?>

    /// - Throws: `ApplicationError.setup` when there is no free port.
    init() throws(ApplicationError) {
        do throws(TransportError) {
            let loop = try EventLoop(index: 0)
            let bound = try BoundAddress(.internet(host: "127.0.0.1", port: 0), loops: 1)
            guard case .internet(_, let port) = bound.address else { throw .invalidAddress("127.0.0.1:0") }
            let client = Locked<DemoClient?>(nil)
            self.client = client
            self.loop = loop
            self.port = port
            let ready = DispatchSemaphore(value: 0)
            loop.execute {
                let server = ServerLoop(
                    loop: loop,
                    handler: SampleAPI(client: client),
                    settings: ServerSettings(),
                    census: ConnectionCensus(limit: 1024)
                )
                let acceptor = ServerAcceptor(server: server, settings: AcceptorSettings())
                try? bound.listener(on: loop, acceptor: acceptor)?.start()
                ready.signal()
            }
            ready.wait()
        } catch {
            throw .setup("the sample API can't start: \(error.description)")
        }
    }

    /// Waits for users who come back to this client.
    func expectUsers(of client: DemoClient) {
        self.client.withLock { $0 = client }
    }
}
