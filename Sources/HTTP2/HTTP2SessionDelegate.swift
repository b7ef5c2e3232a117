/// Told what happens on a session; every call comes from within `receive`, `flush` or the method that asked for it.
///
/// It may call every method of the session and its streams. From within a call `receive` keeps the bytes until that is
/// over, and `flush` does nothing, since whoever is asked by `sessionNeedsFlush` comes again.
package protocol HTTP2SessionDelegate: AnyObject {
    /// A client has opened a stream: set `stream.delegate`. Only on servers.
    func sessionDidOpen(_ stream: HTTP2Stream)
    /// A frame begins, whatever it is and whether it is valid or not; CONTINUATION frames too.
    func sessionDidReceive(_ frame: HTTP2FrameHeader)
    /// The peer broke a rule, for which its stream or the connection is ended.
    func sessionDidReceiveInvalidFrame(_ frame: HTTP2FrameHeader)
    /// The peer's settings have changed.
    func sessionDidReceiveSettings()
    /// The peer answered `ping`.
    func sessionDidReceivePingAcknowledgement()
    /// The peer takes no more streams after this one; those above it close with `.refusedStream`.
    func sessionDidReceiveGoaway(lastStreamID: Int32, _ code: HTTP2ErrorCode)
    /// There is something to send: call `flush` soon, outside of this call. Told once until then.
    func sessionNeedsFlush()
    /// Sends the bytes.
    func sessionWrite(_ bytes: UnsafeRawBufferPointer)
    /// Whether more may be written now; else call `flush` when there is room.
    var sessionMayWrite: Bool { get }
}

/// Told what happens on a stream.
package protocol HTTP2StreamDelegate: AnyObject {
    /// A field block begins: a head, or after one the trailers (of clients: also the head after a 1xx head).
    func streamFieldsBegan(_ stream: HTTP2Stream, isFirst: Bool)
    /// A field, in the order on the wire; pseudo-fields too. The bytes are valid during the call only.
    ///
    /// Nothing of it was checked: not the letters of the name, nor the bytes of the value.
    func streamField(_ stream: HTTP2Stream, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)
    /// The field block is complete; `endsStream` says that nothing follows.
    func streamFieldsEnded(_ stream: HTTP2Stream, endsStream: Bool)
    /// A part of the body; valid during the call only.
    ///
    /// Give the room back with `consumeConnection` and `consumeStream`.
    func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer)
    /// The body is complete, with a DATA frame.
    func streamDataEnded(_ stream: HTTP2Stream)
    /// What waits in the stream has fallen below the low-water mark after it had passed the high one.
    func streamDrained(_ stream: HTTP2Stream)
    /// Our last frame on the stream was handed over.
    func streamSentEnd(_ stream: HTTP2Stream)
    /// The stream is over; nothing is told after this.
    func streamClosed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode)
}
