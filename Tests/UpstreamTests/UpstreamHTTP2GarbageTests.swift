import HTTP
import HTTP2
import Testing

@testable import Upstream

/// Whatever a server sends, its request ends and the loop goes on.
@Suite struct UpstreamHTTP2GarbageTests {
    /// SplitMix64, so that a failure can be repeated.
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// Frames of any type with payloads that begin like good ones more often than not.
    private static func frames(_ random: inout Random) -> [UInt8] {
        let types: [HTTP2FrameType] = [
            .data, .headers, .headers, .data, .priority, .resetStream, .settings, .pushPromise, .ping, .goaway,
            .windowUpdate, .continuation, .unknown,
        ]
        let blocks: [[UInt8]] = [
            [0x88], [0x8D], [0x88, 0, 1, 0x61, 1, 0x62], [0, 7] + Array(":status".utf8) + [3, 0x31, 0x30, 0x33],
        ]
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let type = types.randomElement(using: &random) ?? .data
            var payload = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if type == .headers, Bool.random(using: &random) { payload = blocks.randomElement(using: &random) ?? [] }
            let flags = UInt8([0, 1, 4, 5, 8, 0x20, 0xFF].randomElement(using: &random) ?? 0)
            let id = [0, 1, 1, 1, 1, 2, 3].randomElement(using: &random) ?? 1
            bytes += RawHTTP2Peer.frame(type, flags: flags, id: UInt32(id), payload)
        }
        return bytes
    }

    @Test func `random frames trap nothing and hold nothing up`() throws {
        let server = TestServer.raw { peer in
            guard peer.read(.headers) != nil else { return }
            var random = Random(state: UInt64(peer.peer.number))
            peer.peer.send(Self.frames(&random))
        }
        let harness = try Harness([server.plainHTTP2]) {
            $0.retries = 0
            $0.health.failureThreshold = .max
        }
        for round in 0..<400 {
            let script = ExchangeScript(body: [[1, 2, 3]], endsBody: round % 3 > 0)
            let outcome = harness.run(round % 2 == 0 ? .get : .post, framing: .chunked, script: script)
            #expect(outcome.isComplete != (outcome.error != nil), "round \(round): \(outcome)")
        }
        #expect(server.acceptedCount > 300)
        #expect(harness.states[0].activeCount == 0)
    }
}
