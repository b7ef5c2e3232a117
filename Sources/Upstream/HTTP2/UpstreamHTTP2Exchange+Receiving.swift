import HTTP
import HTTP2

extension UpstreamHTTP2Exchange: HTTP2StreamDelegate {
    func streamFieldsBegan(_ stream: HTTP2Stream, isFirst: Bool) {
        guard request != nil else { return }
        if reader.hasStarted {
            trailers = FieldList(capacity: 256, fieldCapacity: 4)
        } else if let head {
            head.reset()
        } else {
            head = connection.client.takeHead()
        }
    }

    func streamField(_ stream: HTTP2Stream, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard request != nil else { return }
        if let trailers {
            reader.trailer(name: name, value: value, in: trailers)
        } else if let head {
            reader.field(name: name, value: value, of: head)
        }
    }

    func streamFieldsEnded(_ stream: HTTP2Stream, endsStream: Bool) {
        guard request != nil else { return }
        if let trailers {
            guard read({ reader throws(HTTPParseError) in try reader.trailersEnded(endsStream: endsStream) }) != nil
            else {
                return
            }
            trailers.removeAll { name, _ in name.isForbiddenTrailer }
            finish(trailers: trailers)
        } else if let head {
            let event = read { reader throws(HTTPParseError) in try reader.headEnded(head, endsStream: endsStream) }
            if let event { take(event) }
        }
        noteProgress()
    }

    func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        connection.session?.consumeConnection(bytes.count)
        guard let request, read({ reader throws(HTTPParseError) in try reader.data(bytes.count) }) != nil else {
            return
        }
        request.delegate?.upstreamBody(request, bytes)
        if isPaused {
            withheld += bytes.count
        } else {
            stream.consume(bytes.count)
        }
        noteProgress()
    }

    func streamDataEnded(_ stream: HTTP2Stream) {
        guard request != nil, read({ reader throws(HTTPParseError) in try reader.end() }) != nil else { return }
        finish(trailers: nil)
    }

    func streamDrained(_ stream: HTTP2Stream) {
        guard !isWriting else { return }
        setTimer()
        if let request { request.delegate?.upstreamDrained(request) }
    }

    func streamSentEnd(_ stream: HTTP2Stream) {
        setTimer()
    }

    func streamClosed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        self.stream = nil
        // RFC 9113 §8.7: these say that nothing was done for the request.
        if code == .http11Required { connection.server.requiresHTTP1 = true }
        let isUntouched = code == .refusedStream || code == .http11Required || !stream.hasSentHead
        let hasStarted = reader.hasStarted
        let error = isUntouched && !hasStarted ? UpstreamError.refused : .closedEarly(responseStarted: hasStarted)
        fail(error, code: nil, isUntouched: isUntouched)
    }
}
