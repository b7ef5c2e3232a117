import HTTP2
import Testing

@testable import HTTPServer

@Suite struct HTTP2AbuseMeterTests {
    private static let second: UInt64 = 1_000_000_000
    private var settings = HTTP2Settings(
        resets: FrameRate(count: 10, nanoseconds: 10 * second),
        controlFrames: FrameRate(count: 100, nanoseconds: 10 * second)
    )

    /// How many frames pass at one moment.
    private func passing(_ frame: HTTP2FrameHeader, sent: UInt64 = 0, streams: UInt64 = 0) -> (Int, HTTP2Abuse?) {
        var meter = HTTP2AbuseMeter(settings)
        for count in 0..<10_000 {
            if let abuse = meter.received(frame, sent: sent, streams: streams, at: Self.second) {
                return (count, abuse)
            }
        }
        return (10_000, nil)
    }

    @Test(arguments: [
        (HTTP2FrameType.ping, HTTP2Abuse.pingFlood), (.settings, .settingsFlood), (.priority, .priorityFlood),
        (.unknown, .priorityFlood), (.continuation, .continuationFlood), (.windowUpdate, .windowUpdateFlood),
        (.data, .emptyFrames),
    ])
    func `frames that carry nothing are too many at once`(type: HTTP2FrameType, abuse: HTTP2Abuse) {
        #expect(passing(HTTP2FrameHeader(type: type)) == (100, abuse))
    }

    @Test func `settings without end in one frame are too many`() {
        #expect(passing(HTTP2FrameHeader(type: .settings, length: 16_380)) == (0, .settingsFlood))
    }

    @Test func `requests that are taken back are too many at once`() {
        #expect(passing(HTTP2FrameHeader(type: .resetStream, length: 4)) == (10, .rapidReset))
        var meter = HTTP2AbuseMeter(settings)
        for _ in 0..<10 { #expect(meter.provokedReset(at: 5) == nil) }
        #expect(meter.provokedReset(at: 5) == .provokedResets)
    }

    @Test func `what comes at the rate that is allowed may go on`() {
        var meter = HTTP2AbuseMeter(settings)
        for count in 0..<1000 {
            let now = Self.second * UInt64(count)
            #expect(meter.received(HTTP2FrameHeader(type: .resetStream), sent: 0, streams: 0, at: now) == nil)
        }
    }

    @Test func `after a burst there is no other one at once, but as much later`() {
        var meter = HTTP2AbuseMeter(settings)
        let frame = HTTP2FrameHeader(type: .resetStream)
        for _ in 0..<10 { #expect(meter.received(frame, sent: 0, streams: 0, at: 1) == nil) }
        #expect(meter.received(frame, sent: 0, streams: 0, at: Self.second / 2) == .rapidReset)
        for _ in 0..<10 { #expect(meter.received(frame, sent: 0, streams: 0, at: 100 * Self.second) == nil) }
    }

    @Test func `one kind does not use up the room of another`() {
        var meter = HTTP2AbuseMeter(settings)
        for _ in 0..<90 {
            for type in [HTTP2FrameType.ping, .settings, .priority, .data, .windowUpdate] {
                #expect(meter.received(HTTP2FrameHeader(type: type), sent: 0, streams: 0, at: 1) == nil)
            }
        }
    }

    @Test func `DATA that brings or ends something may come as often as it likes`() {
        #expect(passing(HTTP2FrameHeader(type: .data, length: 1)) == (10_000, nil))
        #expect(passing(HTTP2FrameHeader(type: .data, flags: 1)) == (10_000, nil))
        #expect(passing(HTTP2FrameHeader(type: .data, flags: 8, length: 1000)) == (10_000, nil))
        #expect(passing(HTTP2FrameHeader(type: .data, flags: 8, length: 200)) == (100, .emptyFrames))
    }

    @Test func `what was sent may be answered with a PING`() {
        let frame = HTTP2FrameHeader(type: .ping, length: 8)
        #expect(passing(frame, sent: 10_000) == (10_000, nil))
        #expect(passing(frame, sent: 40) == (140, .pingFlood))
    }

    @Test func `windows may be opened as often as there was something to open them for`() {
        let frame = HTTP2FrameHeader(type: .windowUpdate, length: 4)
        #expect(passing(frame, sent: 2000) == (10_000, nil))
        #expect(passing(frame, streams: 3000) == (10_000, nil))
        #expect(passing(frame, sent: 2, streams: 5) == (140, .windowUpdateFlood))
    }
}
