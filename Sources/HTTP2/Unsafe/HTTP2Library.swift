import Bytes
import CNghttp2

/// The callbacks and options that all sessions of the process share.
///
/// SAFETY: `@unchecked Sendable`, since nothing changes after `init` and the library only reads both.
final class HTTP2Library: @unchecked Sendable {
    static let shared = HTTP2Library()

    let callbacks: OpaquePointer?
    let options: OpaquePointer?

    /// The most bytes of one DATA frame, so that it and its head fit into one TLS record.
    static let dataFrameSize = 16_384 - 9
    /// A frame that leaves some of the body behind and carries less has met a tiny window.
    static let substantialFrame = 1024
    /// As good as none: `HTTP2AbuseMeter` goes by the configuration, and ends a connection with the right code.
    private static let resetBurst: UInt64 = 1_000_000_000
    private static let continuations = 8
    private static let firstUnknownType: UInt8 = 10
    /// As many as a frame holds: whoever is told of the frame judges `hasTooManySettings`.
    private static let settingsPerFrame = 16_384 / 6
    /// A response head that HTTP/1 could carry fits.
    private static let headerBlockSize = 512 << 10

    private init() {
        var callbacks: OpaquePointer?
        var options: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        nghttp2_option_new(&options)
        self.callbacks = callbacks
        self.options = options
        setOptions()
        setCallbacks()
    }

    private func setOptions() {
        nghttp2_option_set_no_http_messaging(options, 1)
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_max_reserved_remote_streams(options, 0)
        // Frames of unknown types are ignored (RFC 9113 §5.5), but only of those that were asked for there is a word.
        for type in Self.firstUnknownType...UInt8.max { nghttp2_option_set_user_recv_extension_type(options, type) }
        nghttp2_option_set_max_send_header_block_length(options, Self.headerBlockSize)
        nghttp2_option_set_stream_reset_rate_limit(options, Self.resetBurst, Self.resetBurst)
        nghttp2_option_set_max_continuations(options, Self.continuations)
        nghttp2_option_set_max_settings(options, Self.settingsPerFrame)
    }

    private func setCallbacks() {
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, frameBegan)
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, invalidFrameReceived)
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, fieldsBegan)
        nghttp2_session_callbacks_set_on_header_callback(callbacks, fieldReceived)
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frameReceived)
        nghttp2_session_callbacks_set_unpack_extension_callback(callbacks, unknownFrameReceived)
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, dataReceived)
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, streamClosed)
        nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, dataLength)
        nghttp2_session_callbacks_set_send_data_callback(callbacks, sendData)
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, frameSent)
        nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, frameNotSent)
    }

    static func dataProvider(for stream: UnsafeMutableRawPointer) -> nghttp2_data_provider {
        nghttp2_data_provider(source: nghttp2_data_source(ptr: stream), read_callback: readData)
    }
}

// SAFETY: every callback comes from within a method of the session, which is alive for as long as its methods run; a
// stream is held by its session until `streamClosed`, and its pointer is not used by the library after that.

private typealias Frame = UnsafePointer<nghttp2_frame>

private func session(_ context: UnsafeMutableRawPointer?) -> HTTP2Session? {
    context.map { Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
}

private func stream(_ handle: OpaquePointer?, _ id: Int32) -> HTTP2Stream? {
    guard let pointer = nghttp2_session_get_stream_user_data(handle, id) else { return nil }
    return Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
}

extension HTTP2FrameHeader {
    fileprivate init(_ header: nghttp2_frame_hd) {
        self.init(
            type: HTTP2FrameType(rawValue: header.type) ?? .unknown,
            flags: header.flags,
            streamID: header.stream_id,
            length: header.length
        )
    }
}

// MARK: Receiving

private let frameBegan: nghttp2_on_begin_frame_callback = { _, header, context in
    guard let header else { return 0 }
    session(context)?.delegate?.sessionDidReceive(HTTP2FrameHeader(header.pointee))
    return 0
}

/// Frames of unknown types are ignored (RFC 9113 §5.5).
private let unknownFrameReceived: nghttp2_unpack_extension_callback = { _, _, _, _ in
    NGHTTP2_ERR_CANCEL.rawValue
}

private let invalidFrameReceived: nghttp2_on_invalid_frame_recv_callback = { _, frame, _, context in
    guard let frame else { return 0 }
    session(context)?.delegate?.sessionDidReceiveInvalidFrame(HTTP2FrameHeader(frame.pointee.hd))
    return 0
}

private let fieldsBegan: nghttp2_on_begin_headers_callback = { handle, frame, context in
    guard let frame, let session = session(context) else { return 0 }
    let id = frame.pointee.hd.stream_id
    let category = frame.pointee.headers.cat
    if category == NGHTTP2_HCAT_REQUEST {
        session.opened(id)
    } else {
        session.fieldStream = stream(handle, id)
    }
    if session.fieldStream?.isReset == true { session.fieldStream = nil }
    if let stream = session.fieldStream {
        stream.delegate?.streamFieldsBegan(stream, isFirst: category != NGHTTP2_HCAT_HEADERS)
    }
    return 0
}

private let fieldReceived: nghttp2_on_header_callback = { _, _, name, nameCount, value, valueCount, _, context in
    guard let session = session(context), let stream = session.fieldStream, !stream.isReset else { return 0 }
    stream.delegate?.streamField(
        stream,
        name: UnsafeRawBufferPointer(start: name, count: nameCount),
        value: UnsafeRawBufferPointer(start: value, count: valueCount)
    )
    return 0
}

private let frameReceived: nghttp2_on_frame_recv_callback = { handle, frame, context in
    guard let frame, let session = session(context) else { return 0 }
    let header = frame.pointee.hd
    switch nghttp2_frame_type(rawValue: UInt32(header.type)) {
    case NGHTTP2_HEADERS:
        guard let stream = session.fieldStream else { return 0 }
        session.fieldStream = nil
        guard !stream.isReset else { return 0 }
        let endsStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        stream.delegate?.streamFieldsEnded(stream, endsStream: endsStream)
    case NGHTTP2_DATA:
        guard header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 else { return 0 }
        guard let stream = stream(handle, header.stream_id), !stream.isReset else { return 0 }
        stream.delegate?.streamDataEnded(stream)
    case NGHTTP2_SETTINGS:
        guard header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 else { return 0 }
        session.delegate?.sessionDidReceiveSettings()
    case NGHTTP2_PING:
        guard header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 else { return 0 }
        session.delegate?.sessionDidReceivePingAcknowledgement()
    case NGHTTP2_GOAWAY:
        let goaway = frame.pointee.goaway
        let code = HTTP2ErrorCode(rawValue: goaway.error_code)
        session.delegate?.sessionDidReceiveGoaway(lastStreamID: goaway.last_stream_id, code)
    default: break
    }
    return 0
}

private let dataReceived: nghttp2_on_data_chunk_recv_callback = { handle, _, id, start, count, _ in
    guard let stream = stream(handle, id), !stream.isReset else {
        // Nobody is told of these bytes, so nobody else gives back their room.
        return nghttp2_session_consume_connection(handle, count)
    }
    stream.delegate?.streamData(stream, UnsafeRawBufferPointer(start: start, count: count))
    return 0
}

private let streamClosed: nghttp2_on_stream_close_callback = { handle, id, code, context in
    guard let session = session(context), let stream = stream(handle, id) else { return 0 }
    session.closed(stream, HTTP2ErrorCode(rawValue: code))
    return 0
}

extension HTTP2Session {
    /// A request begins.
    fileprivate func opened(_ id: Int32) {
        let stream = HTTP2Stream(id: id, session: self)
        add(stream)
        nghttp2_session_set_stream_user_data(handle, id, Unmanaged.passUnretained(stream).toOpaque())
        // Streams take turns, so that a large body does not hold up the others (RFC 9218 §4.2).
        var priority = nghttp2_extpri(urgency: UInt32(NGHTTP2_EXTPRI_DEFAULT_URGENCY), inc: 1)
        nghttp2_session_change_extpri_stream_priority(handle, id, &priority, 1)
        fieldStream = stream
        delegate?.sessionDidOpen(stream)
    }

    fileprivate func closed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        if fieldStream === stream { fieldStream = nil }
        remove(stream)
        let told = stream.delegate
        stream.close()
        told?.streamClosed(stream, code)
    }
}

// MARK: Sending

private let dataLength: nghttp2_data_source_read_length_callback = { _, _, _, connection, stream, frameSize, _ in
    min(Int(connection), Int(stream), Int(frameSize), HTTP2Library.dataFrameSize)
}

private let readData: nghttp2_data_source_read_callback = { handle, id, _, length, flags, source, _ in
    guard let source, let flags, let pointer = source.pointee.ptr else {
        return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
    }
    let stream = Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
    let pending = stream.output.count
    guard pending > 0 || stream.isFinished else {
        stream.isDeferred = true
        return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    let count = min(length, pending)
    flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
    guard stream.isFinished, count == pending else { return count }
    flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
    guard !stream.trailers.isEmpty else { return count }
    flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
    let fields = stream.session.encoder
    fields.removeAll()
    fields.append(lines: stream.trailers.bytes)
    _ = nghttp2_submit_trailer(handle, id, fields.pairs, fields.count)
    stream.trailers.releaseStorage()
    return count
}

private let sendData: nghttp2_send_data_callback = { _, _, header, count, source, context in
    guard let session = session(context), let pointer = source?.pointee.ptr else {
        return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    }
    let stream = Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
    session.delegate?.sessionWrite(UnsafeRawBufferPointer(start: header, count: 9))
    session.delegate?.sessionWrite(stream.output.bytes.slice(0..<count))
    stream.output.consume(count)
    stream.sentByteCount &+= UInt64(count)
    if stream.output.isEmpty || count >= HTTP2Library.substantialFrame { session.substantialFrameCount &+= 1 }
    if stream.output.isEmpty { stream.output.releaseStorage() }
    if stream.wasAboveHighWater, !stream.isAboveLowWater { session.drained.append(stream) }
    return 0
}

private let frameSent: nghttp2_on_frame_send_callback = { handle, frame, context in
    guard let header = frame?.pointee.hd else { return 0 }
    let type = nghttp2_frame_type(rawValue: UInt32(header.type))
    guard type == NGHTTP2_DATA || type == NGHTTP2_HEADERS else { return 0 }
    session(context)?.messageFrameCount &+= 1
    guard let stream = stream(handle, header.stream_id), !stream.hasSentEnd else { return 0 }
    stream.hasSentHead = true
    guard header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 else { return 0 }
    stream.hasSentEnd = true
    stream.delegate?.streamSentEnd(stream)
    return 0
}

private let frameNotSent: nghttp2_on_frame_not_send_callback = { handle, frame, _, context in
    guard let header = frame?.pointee.hd, header.type == UInt8(NGHTTP2_HEADERS.rawValue) else { return 0 }
    // Without its head or its trailers a message can't be understood. Requests that were not sent close by themselves.
    guard let session = session(context), let stream = stream(handle, header.stream_id) else { return 0 }
    if session.role == .server { session.reset(stream, .internalError) }
    return 0
}
