import Bytes
import CNghttp2

extension HTTP2Session {
    /// The first frames (RFC 9113 §3.4).
    func submit(_ settings: HTTP2SessionSettings) -> Bool {
        var entries = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: settings.streamWindow
            ),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE.rawValue),
                value: settings.headerTableSize
            ),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: settings.headerListSize
            ),
        ]
        func add(_ id: nghttp2_settings_id, _ value: UInt32) {
            entries.append(nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: value))
        }
        switch role {
        case .server:
            add(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.concurrentStreams)
            // RFC 9218 §2.1: the old priorities cost work and gain nothing.
            add(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1)
            if settings.connectProtocol { add(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1) }
        case .client:
            add(NGHTTP2_SETTINGS_ENABLE_PUSH, 0)
        }
        guard nghttp2_submit_settings(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count) == 0 else {
            return false
        }
        let window = Int32(clamping: settings.connectionWindow)
        return nghttp2_session_set_local_window_size(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, window) == 0
    }

    // MARK: Messages

    /// Begins a request; clients only.
    ///
    /// - Parameters:
    ///   - fields: The pseudo-fields, then the others.
    ///   - endsStream: Whether no body and no trailers follow.
    /// - Returns: The stream, which the session holds until it is closed; nil when no more can be opened.
    package func request(
        _ fields: HTTP2FieldEncoder,
        endsStream: Bool,
        delegate streamDelegate: any HTTP2StreamDelegate
    ) -> HTTP2Stream? {
        let stream = HTTP2Stream(id: 0, session: self)
        let pointer = Unmanaged.passUnretained(stream).toOpaque()
        var provider = HTTP2Library.dataProvider(for: pointer)
        let id = withUnsafePointer(to: &provider) { provider in
            nghttp2_submit_request(
                handle,
                nil,
                fields.pairs,
                fields.count,
                endsStream ? nil : provider,
                pointer
            )
        }
        guard id > 0 else { return nil }
        stream.id = id
        stream.delegate = streamDelegate
        stream.isFinished = endsStream
        add(stream)
        askForFlush()
        return stream
    }

    /// Begins the final response; servers only.
    ///
    /// - Parameter endsStream: Whether no body and no trailers follow.
    package func respond(_ stream: HTTP2Stream, _ fields: HTTP2FieldEncoder, endsStream: Bool) {
        guard !stream.isClosed else { return }
        var provider = HTTP2Library.dataProvider(for: Unmanaged.passUnretained(stream).toOpaque())
        let code = withUnsafePointer(to: &provider) { provider in
            nghttp2_submit_response(
                handle,
                stream.id,
                fields.pairs,
                fields.count,
                endsStream ? nil : provider
            )
        }
        if endsStream { stream.isFinished = true }
        if code != 0 { return reset(stream, .internalError) }
        askForFlush()
    }

    /// Sends a 1xx response (RFC 9110 §15.2); servers only.
    package func inform(_ stream: HTTP2Stream, _ fields: HTTP2FieldEncoder) {
        guard !stream.isClosed else { return }
        let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        _ = nghttp2_submit_headers(handle, none, stream.id, nil, fields.pairs, fields.count, nil)
        askForFlush()
    }

    // MARK: Streams

    func add(_ stream: HTTP2Stream) {
        stream.place = streams.count
        streams.append(stream)
    }

    func remove(_ stream: HTTP2Stream) {
        let last = streams.removeLast()
        guard last !== stream else { return }
        streams[stream.place] = last
        last.place = stream.place
    }

    /// A stream has more to send, or its end.
    func outputChanged(_ stream: HTTP2Stream) {
        if stream.isDeferred {
            stream.isDeferred = false
            _ = nghttp2_session_resume_data(handle, stream.id)
        }
        askForFlush()
    }

    func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        stream.isFinished = true
        stream.isReset = true
        stream.output.releaseStorage()
        _ = nghttp2_submit_rst_stream(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue)
        askForFlush()
    }

    func consume(_ count: Int, of stream: HTTP2Stream) {
        _ = nghttp2_session_consume_stream(handle, stream.id, count)
        askForFlush()
    }

    /// Bytes that can go out on a stream now: what the windows let us send, if the connection takes any (RFC 9113 §5.2).
    func window(of stream: HTTP2Stream) -> Int {
        guard let delegate, delegate.sessionMayWrite else { return 0 }
        return peerWindow(of: stream)
    }

    /// Bytes that the peer's windows let us send on a stream, whether the connection takes any or not.
    func peerWindow(of stream: HTTP2Stream) -> Int {
        let own = nghttp2_session_get_stream_remote_window_size(handle, stream.id)
        return Int(max(0, min(own, nghttp2_session_get_remote_window_size(handle))))
    }

    // MARK: The connection

    /// Lets the peer send this many bytes more, on whatever stream.
    package func consumeConnection(_ count: Int) {
        guard count > 0 else { return }
        _ = nghttp2_session_consume_connection(handle, count)
        askForFlush()
    }

    /// Tells the client that the connection will end, without refusing streams that are on their way; servers only.
    ///
    /// RFC 9113 §6.8: after a while, or a `ping` that was answered, `goaway` follows.
    package func submitShutdownNotice() {
        _ = nghttp2_submit_shutdown_notice(handle)
        askForFlush()
    }

    /// Takes no more streams; those that have begun go on to their ends.
    package func goaway() {
        _ = nghttp2_submit_goaway(
            handle,
            UInt8(NGHTTP2_FLAG_NONE.rawValue),
            nghttp2_session_get_last_proc_stream_id(handle),
            HTTP2ErrorCode.none.rawValue,
            nil,
            0
        )
        askForFlush()
    }

    /// Ends the connection with a GOAWAY frame; nothing that comes is looked at any more.
    package func terminate(_ code: HTTP2ErrorCode) {
        _ = nghttp2_session_terminate_session(handle, code.rawValue)
        askForFlush()
    }

    /// Asks the peer for a sign of life.
    package func ping() {
        _ = nghttp2_submit_ping(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
        askForFlush()
    }
}

extension HTTP2Stream {
    /// Lets go of everything; nothing is told.
    func close() {
        isClosed = true
        isFinished = true
        delegate = nil
        output.releaseStorage()
        trailers.releaseStorage()
    }
}
