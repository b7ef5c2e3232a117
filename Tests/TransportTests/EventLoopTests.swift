import Bytes
import Dispatch
import Glibc
import Locking
import Synchronization
import Testing

@testable import Transport

private final class EchoAcceptor: ConnectionAcceptor, @unchecked Sendable {
    let accepted = Atomic<Int>(0)

    func accepted(_ descriptor: Int32, from peer: PeerAddress, on loop: EventLoop) {
        accepted.add(1, ordering: .relaxed)
        let stream = TCPStream(descriptor: descriptor, loop: loop)
        stream.delegate = Echo(stream)
        stream.start()
    }
}

private final class Echo: ByteStreamDelegate {
    let stream: TCPStream
    init(_ stream: TCPStream) { self.stream = stream }
    func streamDidRead(_ bytes: UnsafeRawBufferPointer) {
        stream.write(bytes)
        if stream.isAboveHighWater { stream.pauseReading() }
    }
    func streamDidEnd() { stream.closeGracefully() }
    func streamDidDrain() { stream.resumeReading() }
    func streamDidClose(_ reason: StreamCloseReason) {}
}

/// A blocking client socket, so that the test does not use what it tests.
private struct Client: ~Copyable {
    let descriptor: Int32

    init(port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        precondition(result == 0)
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    func receive(_ count: Int) -> [UInt8] {
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while received.count < count {
            let got = recv(descriptor, &chunk, min(chunk.count, count - received.count), 0)
            guard got > 0 else { break }
            received += chunk[..<got]
        }
        return received
    }
}

@Suite struct EventLoopTests {
    private func serve(loops count: Int, _ body: (UInt16, EchoAcceptor) -> Void) throws {
        let group = try EventLoopGroup(count: count)
        let acceptor = EchoAcceptor()
        let bound = try BoundAddress(ListenAddress("127.0.0.1:0"), loops: count)
        let ready = DispatchSemaphore(value: 0)
        group.executeOnEach { loop in
            try? bound.listener(on: loop, acceptor: acceptor)?.start()
        } completion: {
            ready.signal()
        }
        ready.wait()
        guard case .internet(_, let port) = bound.address else { return }
        body(port, acceptor)
        group.shutdown()
    }

    @Test func `bytes come back in order through a stream, and a half-closed peer still gets them`() throws {
        try serve(loops: 2) { port, acceptor in
            for round in 0..<20 {
                let client = Client(port: port)
                let message = Array("message \(round)".utf8)
                client.send(message)
                client.endWriting()
                let answer = client.receive(1000)
                #expect(answer == message)
            }
            #expect(acceptor.accepted.load(ordering: .relaxed) == 20)
        }
    }

    @Test func `a large transfer is paused and resumed without loss`() throws {
        try serve(loops: 1) { port, _ in
            let client = Client(port: port)
            let descriptor = client.descriptor
            let block = (0..<65536).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let writer = DispatchQueue(label: "writer")
            let done = DispatchSemaphore(value: 0)
            writer.async {
                for _ in 0..<256 {
                    var sent = 0
                    while sent < block.count {
                        let count = block.withUnsafeBytes { bytes in
                            bytes.baseAddress.map { Glibc.send(descriptor, $0 + sent, bytes.count - sent, 0) } ?? -1
                        }
                        guard count > 0 else { return }
                        sent += count
                    }
                }
                done.signal()
            }
            var same = true
            for _ in 0..<256 { same = same && client.receive(block.count) == block }
            #expect(same)
            done.wait()
        }
    }

    @Test func `work from another thread runs in its order`() throws {
        let loop = try EventLoop(index: 0)
        let seen = Locked<[Int]>([])
        let done = DispatchSemaphore(value: 0)
        for number in 0..<1000 { loop.execute { seen.withLock { $0.append(number) } } }
        loop.execute { done.signal() }
        done.wait()
        #expect(seen.withLock { $0 } == Array(0..<1000))
        loop.shutdown()
    }

    @Test func `a taken address is an error although addresses are shared`() throws {
        let first = try BoundAddress(ListenAddress("127.0.0.1:0"), loops: 2)
        #expect(throws: TransportError.self) { try BoundAddress(first.address, loops: 2) }
        first.close()
    }

    @Test(arguments: ["127.0.0.1:8443", "[::]:443", "localhost:0", "unix:/tmp/x.sock"])
    func `addresses are read and written alike`(text: String) throws {
        #expect(try ListenAddress(text).description == text)
    }

    @Test(arguments: ["", "8443", "host:99999", "::1:80", "unix:", "host:-1"])
    func `what is no address is refused`(text: String) {
        #expect(throws: TransportError.self) { try ListenAddress(text) }
    }
}
