import Bytes

/// Builds the access log's lines and hands them to the writer; confined to its event loop.
package final class AccessLog {
    package enum Format: Sendable {
        case json
        case text
    }

    private let format: Format
    private let channel: LogChannel
    private var line = ByteBuffer()
    private var timestamp = LogTimestamp()

    package init(format: Format, channel: LogChannel) {
        self.format = format
        self.channel = channel
    }

    package func write(_ record: borrowing AccessRecord) {
        line.removeAll()
        switch format {
        case .json: appendJSON(record)
        case .text: appendText(record)
        }
        channel.write(line.bytes)
    }

    private func appendJSON(_ record: borrowing AccessRecord) {
        line.append("{\"time\":\"")
        timestamp.append(unixMilliseconds: record.unixMilliseconds, to: &line)
        line.append(byte: UInt8(ascii: "\""))
        appendMember("request_id", record.requestID, limit: 128)
        appendMember("client", record.clientAddress, limit: 128)
        appendMember("method", record.method, limit: 64)
        appendMember("host", record.host, limit: 256)
        appendMember("path", withoutQuery(record.path), limit: Self.pathLimit)
        appendMember("version", record.version)
        appendMember("route", record.route, limit: 256)
        appendMember("upstream", record.upstream, limit: 256)
        appendMember("status", number: UInt64(clamping: record.status))
        if let status = record.grpcStatus { appendMember("grpc_status", number: UInt64(clamping: status)) }
        appendMember("decision", record.decision.text)
        appendMember("reason", record.reason, limit: 128)
        appendMember("user", record.user, limit: 256)
        appendMember("client_id", record.clientID, limit: 256)
        appendMember("bytes_received", number: record.bytesReceived)
        appendMember("bytes_sent", number: record.bytesSent)
        line.append(",\"duration_ms\":")
        appendMilliseconds(record.totalNanoseconds)
        if let upstream = record.upstreamNanoseconds {
            line.append(",\"upstream_ms\":")
            appendMilliseconds(upstream)
        }
        line.append("}\n")
    }

    private func appendText(_ record: borrowing AccessRecord) {
        timestamp.append(unixMilliseconds: record.unixMilliseconds, to: &line)
        line.append(byte: UInt8(ascii: " "))
        line.append(decimal: record.status)
        line.append(byte: UInt8(ascii: " "))
        LogEscaping.appendText(record.method.prefixed(64), to: &line)
        line.append(byte: UInt8(ascii: " "))
        LogEscaping.appendText(record.host.prefixed(256), to: &line)
        LogEscaping.appendText(withoutQuery(record.path).prefixed(Self.pathLimit), to: &line)
        line.append(byte: UInt8(ascii: " "))
        appendMilliseconds(record.totalNanoseconds)
        line.append("ms")
        if let upstream = record.upstreamNanoseconds {
            appendName(" upstream_ms=")
            appendMilliseconds(upstream)
        }
        line.append(byte: UInt8(ascii: " "))
        line.append(record.decision.text)
        if let status = record.grpcStatus {
            appendName(" grpc_status=")
            line.append(decimal: status)
        }
        appendWord(" reason=", record.reason)
        appendWord(" route=", record.route)
        appendWord(" upstream=", record.upstream)
        appendWord(" user=", record.user)
        appendWord(" client_id=", record.clientID)
        appendWord(" client=", record.clientAddress)
        appendName(" bytes=")
        appendDecimal(record.bytesReceived)
        line.append(byte: UInt8(ascii: "/"))
        appendDecimal(record.bytesSent)
        appendWord(" id=", record.requestID)
        line.append(byte: UInt8(ascii: "\n"))
    }

    private func withoutQuery(_ path: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        path.firstOffset(of: UInt8(ascii: "?")).map { path.slice(0..<$0) } ?? path
    }

    /// Members without a value are left out.
    private func appendMember(_ name: StaticString, _ value: UnsafeRawBufferPointer, limit: Int) {
        guard value.count > 0 else { return }
        appendMemberName(name)
        line.append(byte: UInt8(ascii: "\""))
        LogEscaping.appendJSON(value.prefixed(limit), to: &line)
        line.append(byte: UInt8(ascii: "\""))
    }

    private func appendMember(_ name: StaticString, _ word: StaticString) {
        word.withUTF8Buffer { appendMember(name, UnsafeRawBufferPointer($0), limit: $0.count) }
    }

    private func appendMember(_ name: StaticString, number: UInt64) {
        appendMemberName(name)
        appendDecimal(number)
    }

    private func appendMemberName(_ name: StaticString) {
        line.append(",\"")
        line.append(name)
        line.append("\":")
    }

    private func appendName(_ name: StaticString) { line.append(name) }

    private func appendWord(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        guard value.count > 0 else { return }
        line.append(name)
        LogEscaping.appendText(value.prefixed(256), to: &line)
    }

    private func appendWord(_ name: StaticString, _ word: StaticString) {
        word.withUTF8Buffer { appendWord(name, UnsafeRawBufferPointer($0)) }
    }

    private func appendDecimal(_ number: UInt64) {
        line.append(decimal: Int(clamping: number))
    }

    /// Milliseconds with three decimals.
    private func appendMilliseconds(_ nanoseconds: UInt64) {
        let (whole, rest) = (nanoseconds / 1000).quotientAndRemainder(dividingBy: 1000)
        appendDecimal(whole)
        line.append(byte: UInt8(ascii: "."))
        for divisor in [100, 10, 1] as [UInt64] {
            line.append(byte: UInt8(rest / divisor % 10) + UInt8(ascii: "0"))
        }
    }

    // A line stays far below the size of a ring, even if each of its bytes takes six.
    private static let pathLimit = 4096
}

@available(*, unavailable)
extension AccessLog: Sendable {}

extension UnsafeRawBufferPointer {
    /// At most the first `limit` bytes.
    fileprivate func prefixed(_ limit: Int) -> UnsafeRawBufferPointer {
        count <= limit ? self : slice(0..<limit)
    }
}
