import HTTP
import HTTP2
import Testing

@testable import Upstream

/// Many requests at once to servers that answer, reset, say farewell and cut, by clients that give up.
@Suite struct UpstreamHTTP2ChaosTests {
    private static func answer(_ stream: TestHTTP2Stream, _ peer: TestHTTP2Peer, _ choice: Int) {
        switch choice {
        case 0: stream.stream.reset(.refusedStream)
        case 1: stream.stream.reset(.internalError)
        case 2:
            peer.respond(stream, endsStream: false)
            stream.write([UInt8](repeating: 0x61, count: 200_000))
            stream.finish(trailers: "x-sum: 1\r\n")
        case 3:
            peer.respond(stream, endsStream: false)
            stream.write("half")
        case 4 where peer.streams.count > 20:
            peer.answer(stream)
            peer.goaway()
        case 5 where peer.streams.count > 20: peer.peer.reset()
        default: peer.answer(stream, stream.path)
        }
    }

    @Test(arguments: [1, 20])
    func `every request ends, and none gets the answer of another`(limit: UInt32) throws {
        let server = TestServer(http2: HTTP2SessionSettings(concurrentStreams: limit)) { peer in
            peer.onHead = { stream in
                Self.answer(stream, peer, Int.random(in: 0..<20))
            }
        }
        let harness = try Harness([server.plainHTTP2]) {
            $0.health.failureThreshold = .max
            $0.idleTimeout = 300_000_000
        }
        for wave in 0..<12 {
            let exchanges = (0..<40).map { number in
                let body = number % 3 == 0 ? [[UInt8](repeating: 1, count: 30_000)] : []
                let isCancelled = number % 7 == 0
                let script = ExchangeScript(
                    body: body,
                    onHead: { if isCancelled { $0.cancel() } },
                    onBody: { exchange in
                        guard number % 5 == 0 else { return }
                        exchange.request.pauseResponse()
                        exchange.execute { $0.request.resumeResponse() }
                    },
                    onEnd: nil
                )
                return harness.start(
                    body.isEmpty ? .get : .post,
                    "/\(wave)-\(number)",
                    framing: body.isEmpty ? .none : .chunked,
                    script: script
                )
            }
            for (number, exchange) in exchanges.enumerated() {
                let outcome = exchange.wait()
                #expect(!outcome.body.hasPrefix("nothing happened"))
                let isOwn = outcome.body == "/\(wave)-\(number)"
                let isOther = ["", "ok", "half"].contains(outcome.body) || outcome.body.hasPrefix("a")
                #expect(isOwn || isOther, "\(outcome.body.prefix(100))")
                if outcome.bodyCount == 200_000 { #expect(outcome.trailers == ["x-sum: 1"] || outcome.error != nil) }
            }
        }
        #expect(harness.states[0].activeCount == 0)
    }
}
