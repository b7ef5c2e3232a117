import Bytes
import Locking

/// One thing that happened, as the audit log shows it.
///
/// There is no place for a password, a token, a code or a cookie: what is not here cannot be logged by mistake.
package struct AuditRecord: Sendable, Equatable {
    package var unixMilliseconds: Int64
    /// What happened, a short word in snake case.
    package var event: String
    package var user: String?
    package var clientID: String?
    package var clientAddress: String?
    package var grant: String?
    package var scopes: [String]?
    package var requestID: String?
    /// More, in words.
    package var detail: String?

    package init(unixMilliseconds: Int64, event: String) {
        self.unixMilliseconds = unixMilliseconds
        self.event = event
    }
}

/// Builds the audit log's lines, a JSON object each, and hands them to the writer; for any thread.
///
/// Members that the access log has too have the same names.
package final class AuditLog: Sendable {
    private final class Pen {
        var line = ByteBuffer()
        var timestamp = LogTimestamp()
    }

    private let channel: LogChannel
    // Several threads share the channel, and a channel is for one at a time.
    private let pen = Locked(Pen())

    /// - Parameter channel: used for nothing else.
    package init(channel: LogChannel) {
        self.channel = channel
    }

    package func write(_ record: AuditRecord) {
        pen.withLock { pen in
            pen.line.removeAll()
            Self.append(record, pen)
            channel.write(pen.line.bytes)
        }
    }

    private static func append(_ record: AuditRecord, _ pen: Pen) {
        pen.line.append("{\"time\":\"")
        pen.timestamp.append(unixMilliseconds: record.unixMilliseconds, to: &pen.line)
        pen.line.append(byte: UInt8(ascii: "\""))
        append("event", record.event, to: &pen.line)
        append("request_id", record.requestID, to: &pen.line)
        append("client", record.clientAddress, to: &pen.line)
        append("user", record.user, to: &pen.line)
        append("client_id", record.clientID, to: &pen.line)
        append("grant", record.grant, to: &pen.line)
        append("scope", record.scopes?.joined(separator: " "), to: &pen.line)
        append("detail", record.detail, to: &pen.line)
        pen.line.append("}\n")
    }

    /// Members without a value are left out.
    private static func append(_ name: StaticString, _ value: String?, to line: inout ByteBuffer) {
        guard var value else { return }
        line.append(",\"")
        line.append(name)
        line.append("\":\"")
        value.withUTF8 { bytes in
            let bytes = UnsafeRawBufferPointer(bytes)
            LogEscaping.appendJSON(bytes.count <= longest ? bytes : bytes.slice(0..<longest), to: &line)
        }
        line.append(byte: UInt8(ascii: "\""))
    }

    // Bytes. A line stays far below the size of a ring, even if each of its bytes takes six.
    private static let longest = 2048
}
