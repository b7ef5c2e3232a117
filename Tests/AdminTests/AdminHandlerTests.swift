import Dispatch
import Glibc
import HTTPServer
import Locking
import Observability
import Testing
import Transport

@testable import Admin

private final class Source: AdminSource {
    private let state = Locked(Readiness.ready)

    var readiness: Readiness {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    func status() -> StatusSnapshot {
        StatusSnapshot(
            host: "gate.example.com",
            version: "1.0.0",
            startedAt: 0,
            now: 100,
            readiness: readiness,
            traffic: TrafficReport(),
            configuration: .init(file: "gateway.json", loadedAt: 0, warningCount: 0)
        )
    }
}

/// The listener on a loop of its own, asked by a blocking client.
@Suite
final class AdminHandlerTests {
    private let source = Source()
    private let metrics = MetricsRegistry(shards: 1)
    private let group: EventLoopGroup
    private let port: UInt16

    init() throws {
        group = try EventLoopGroup(count: 1)
        let bound = try BoundAddress(.internet(host: "127.0.0.1", port: 0), loops: 1)
        guard case .internet(_, let port) = bound.address else { preconditionFailure("an internet address was bound") }
        self.port = port
        let site = AdminSite(source: source, metrics: metrics, address: bound.address)
        let started = DispatchSemaphore(value: 0)
        group.executeOnEach { loop in
            let server = ServerLoop(
                loop: loop,
                handler: AdminHandler(site: site),
                settings: ServerSettings(),
                census: ConnectionCensus(limit: 100)
            )
            let acceptor = ServerAcceptor(server: server, settings: AcceptorSettings())
            try? bound.listener(on: loop, acceptor: acceptor)?.start()
        } completion: {
            started.signal()
        }
        started.wait()
    }

    deinit { group.shutdown() }

    /// Sends a request and reads the answer until the connection closes.
    private func ask(_ line: String, host: String = "localhost", reads: Bool = true) -> (head: String, body: String) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        let request = Array("\(line) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n".utf8)
        guard connected == 0, send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count, reads
        else { return ("", "") }
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            received += chunk[..<count]
        }
        let text = String(decoding: received, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return (text, "") }
        return (String(text[..<end.lowerBound]), String(text[end.upperBound...]))
    }

    @Test
    func `health is 200 and readiness tells why not`() {
        #expect(ask("GET /healthz").head.hasPrefix("HTTP/1.1 200 "))
        #expect(ask("GET /readyz").body == "ready\n")
        source.readiness = .notReady(reasons: ["draining", "no keys"])
        #expect(ask("GET /healthz").head.hasPrefix("HTTP/1.1 200 "))
        let answer = ask("GET /readyz")
        #expect(answer.head.hasPrefix("HTTP/1.1 503 "))
        #expect(answer.body == "not ready\n- draining\n- no keys\n")
    }

    @Test
    func `metrics are sent whole however many there are`() {
        for number in 0..<2000 { _ = metrics.routeMetrics("route \(number)") }
        let answer = ask("GET /metrics")
        #expect(answer.head.contains("text/plain; version=0.0.4; charset=utf-8"))
        #expect(answer.body.utf8.count > 1 << 20)
        #expect(answer.head.contains("Content-Length: \(answer.body.utf8.count)"))
        #expect(answer.body.hasSuffix("gatehouse_request_duration_seconds_count{route=\"route 1999\"} 0\n"))
    }

    @Test
    func `HEAD has the fields of GET and no body`() {
        for path in ["/healthz", "/readyz", "/metrics", "/", "/gatehouse.css"] {
            let head = ask("HEAD \(path)")
            #expect(head.body.isEmpty)
            #expect(head.head == ask("GET \(path)").head)
        }
    }

    @Test(arguments: ["/", "/healthz", "/metrics", "/status.js", "/mark.svg", "/nothing"])
    func `nothing is stored, framed or read by other sites`(path: String) {
        let head = ask("GET \(path)").head
        #expect(head.contains("Cache-Control: no-store\r\n"))
        #expect(head.contains("Content-Security-Policy: default-src 'none'; "))
        #expect(head.contains("frame-ancestors 'none'"))
        #expect(head.contains("X-Content-Type-Options: nosniff"))
        #expect(!head.lowercased().contains("access-control-"))
    }

    @Test
    func `other names in Host are refused`() {
        for host in ["evil.example", "evil.example:\(port)", "10.1.2.3"] {
            let answer = ask("GET /metrics", host: host)
            #expect(answer.head.hasPrefix("HTTP/1.1 421 "))
            #expect(!answer.body.contains("# TYPE"))
        }
        #expect(ask("GET /metrics", host: "127.0.0.1:\(port)").head.hasPrefix("HTTP/1.1 200 "))
    }

    @Test
    func `other methods and paths are refused, broken requests too`() {
        let answer = ask("POST /readyz")
        #expect(answer.head.hasPrefix("HTTP/1.1 405 "))
        #expect(answer.head.contains("Allow: GET, HEAD"))
        #expect(ask("GET /nothing").head.hasPrefix("HTTP/1.1 404 "))
        #expect(ask("GET /\u{1}").head.hasPrefix("HTTP/1.1 400 "))
        #expect(ask("GET /healthz", host: "a b").head.hasPrefix("HTTP/1.1 400 "))
    }

    @Test
    func `the status page and what it loads are there`() {
        let page = ask("GET /")
        #expect(page.head.contains("Content-Type: text/html; charset=utf-8"))
        #expect(page.body.contains("<h1>All good</h1>"))
        #expect(page.body.contains("href=\"/\">Refresh</a>"))
        #expect(ask("GET /?routes=all").body.contains("href=\"/?routes=all\">Refresh</a>"))
        #expect(ask("GET /gatehouse.css").body.hasPrefix("/* Gatehouse pages */\n:root {\n"))
        #expect(ask("GET /status.js").head.contains("Content-Type: text/javascript"))
        #expect(ask("GET /mark.svg").head.contains("Content-Type: image/svg+xml"))
    }

    @Test
    func `clients that leave while their page is made leave no place taken`() {
        for number in 0..<500 { _ = metrics.routeMetrics("route \(number)") }
        for _ in 0..<200 { _ = ask("GET /metrics", reads: false) }
        var status = ""
        for _ in 0..<500 where !status.hasPrefix("HTTP/1.1 200 ") {
            status = ask("GET /metrics").head
            usleep(10_000)
        }
        #expect(status.hasPrefix("HTTP/1.1 200 "))
    }
}
