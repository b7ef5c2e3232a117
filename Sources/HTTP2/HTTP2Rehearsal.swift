import Bytes

/// One request between two sessions of our own.
///
/// A process does it once at its start: what the library's code and tables take of memory is there before a client comes,
/// and no first client waits for it.
package final class HTTP2Rehearsal {
    private var output = ByteBuffer()
    /// Whether the client's end has seen the end of its response.
    private var isComplete = false

    private init() {}

    /// Whether the request was answered, as it must be.
    package static func run() -> Bool {
        let encoder = HTTP2FieldEncoder()
        let (here, there) = (HTTP2Rehearsal(), HTTP2Rehearsal())
        let settings = HTTP2SessionSettings()
        guard let client = HTTP2Session(.client, settings: settings, encoder: encoder, delegate: here),
            let server = HTTP2Session(.server, settings: settings, encoder: encoder, delegate: there)
        else { return false }
        encoder.append(name: ":method", value: "GET")
        encoder.append(name: ":scheme", value: "https")
        encoder.append(name: ":authority", value: "localhost")
        encoder.append(name: ":path", value: "/")
        guard client.request(encoder, endsStream: true, delegate: here) != nil else { return false }
        for _ in 0..<3 {
            guard here.pass(from: client, to: server), there.pass(from: server, to: client) else { return false }
            if let stream = server.streams.first, !stream.isFinished { answer(stream, on: server, encoder) }
        }
        // Each holds the other until here.
        client.delegate = nil
        server.delegate = nil
        return here.isComplete
    }

    private static func answer(_ stream: HTTP2Stream, on server: HTTP2Session, _ encoder: HTTP2FieldEncoder) {
        encoder.removeAll()
        encoder.append(status: 200)
        server.respond(stream, encoder, endsStream: false)
        withUnsafeBytes(of: UInt8(ascii: "x")) { stream.write($0) }
        stream.finish()
    }

    private func pass(from sender: HTTP2Session, to receiver: HTTP2Session) -> Bool {
        do throws(HTTP2SessionError) {
            try sender.flush()
            try receiver.receive(output.bytes)
        } catch {
            return false
        }
        output.removeAll()
        return true
    }
}

extension HTTP2Rehearsal: HTTP2SessionDelegate {
    package func sessionDidOpen(_ stream: HTTP2Stream) { stream.delegate = self }
    package func sessionDidReceive(_ frame: HTTP2FrameHeader) {}
    package func sessionDidReceiveInvalidFrame(_ frame: HTTP2FrameHeader) {}
    package func sessionDidReceiveSettings() {}
    package func sessionDidReceivePingAcknowledgement() {}
    package func sessionDidReceiveGoaway(lastStreamID: Int32, _ code: HTTP2ErrorCode) {}
    package func sessionNeedsFlush() {}
    package func sessionWrite(_ bytes: UnsafeRawBufferPointer) { output.append(bytes) }
    package var sessionMayWrite: Bool { true }
}

extension HTTP2Rehearsal: HTTP2StreamDelegate {
    package func streamFieldsBegan(_ stream: HTTP2Stream, isFirst: Bool) {}
    package func streamField(_ stream: HTTP2Stream, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {}
    package func streamFieldsEnded(_ stream: HTTP2Stream, endsStream: Bool) {}
    package func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {}
    package func streamDataEnded(_ stream: HTTP2Stream) { isComplete = true }
    package func streamDrained(_ stream: HTTP2Stream) {}
    package func streamSentEnd(_ stream: HTTP2Stream) {}
    package func streamClosed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {}
}

@available(*, unavailable)
extension HTTP2Rehearsal: Sendable {}
