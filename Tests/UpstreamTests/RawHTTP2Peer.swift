import HTTP2

/// The server's end of an HTTP/2 connection that sends any frames, right or wrong.
final class RawHTTP2Peer {
    struct Frame {
        var type: UInt8
        var flags: UInt8
        var id: UInt32
        var payload: [UInt8]
    }

    let peer: TestPeer

    /// Reads the client's preface, sends empty settings and acknowledges those that the client will send.
    init(_ peer: TestPeer) {
        self.peer = peer
        _ = peer.read(24)
        send(.settings)
        send(.settings, flags: 1)
    }

    @discardableResult
    func send(_ type: HTTP2FrameType, flags: UInt8 = 0, id: UInt32 = 0, _ payload: [UInt8] = []) -> Bool {
        peer.send(Self.frame(type, flags: flags, id: id, payload))
    }

    static func frame(_ type: HTTP2FrameType, flags: UInt8 = 0, id: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        let size = payload.count
        return [UInt8(size >> 16), UInt8(size >> 8 & 0xFF), UInt8(size & 0xFF), type.rawValue, flags]
            + word(id) + payload
    }

    static func word(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
    }

    /// Sends a field block, uncompressed (RFC 7541 §6.2.2).
    @discardableResult
    func sendFields(_ fields: [(String, String)], id: UInt32, endsStream: Bool = false) -> Bool {
        var block: [UInt8] = []
        for (name, value) in fields {
            block += [0, UInt8(name.utf8.count)] + Array(name.utf8)
            block += [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        return send(.headers, flags: endsStream ? 5 : 4, id: id, block)
    }

    /// The next frame; nil when the connection has ended.
    func readFrame() -> Frame? {
        let head = peer.read(9)
        guard head.count == 9 else { return nil }
        let size = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
        let id = head[5...].reduce(0) { $0 << 8 | UInt32($1) }
        return Frame(type: head[3], flags: head[4], id: id, payload: peer.read(size))
    }

    /// Reads up to a frame of this type; nil when the connection ends before.
    func read(_ type: HTTP2FrameType) -> Frame? {
        while let frame = readFrame() {
            if frame.type == type.rawValue { return frame }
        }
        return nil
    }
}

extension TestServer {
    /// A server that answers as it likes; `handle` gets each connection after the prefaces.
    static func raw(_ handle: @escaping @Sendable (RawHTTP2Peer) -> Void) -> TestServer {
        TestServer { handle(RawHTTP2Peer($0)) }
    }
}
