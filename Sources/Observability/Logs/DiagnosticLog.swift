import Bytes
import Glibc
import Locking
import Logging
import Synchronization

/// The log for whoever runs the gateway: swift-log to stderr, one line an event.
///
/// The level may change while it runs. With a channel, lines go through a `LogWriter`, so that a reader of stderr that
/// stalls never stops a loop; without, they are written at once, which is what a command wants.
package final class DiagnosticLog: Sendable {
    private let level: Atomic<Int>
    private let channel: Locked<LogChannel?>

    package init(level: Logger.Level, channel: LogChannel? = nil) {
        self.level = Atomic(Self.rank(level))
        self.channel = Locked(channel)
    }

    /// Makes this the log of every `Logger` of the process; may be called once.
    package func bootstrap() {
        LoggingSystem.bootstrap { DiagnosticLogHandler(label: $0, log: self) }
    }

    /// The least severe level that is written.
    package var minimumLevel: Logger.Level {
        get { Logger.Level.allCases[level.load(ordering: .relaxed)] }
        set { level.store(Self.rank(newValue), ordering: .relaxed) }
    }

    /// Writes later lines through this channel, or at once when it is nil.
    package func use(_ channel: LogChannel?) {
        self.channel.withLock { $0 = channel }
    }

    func write(_ line: UnsafeRawBufferPointer) {
        channel.withLock { channel in
            if let channel { return channel.write(line) }
            _ = Glibc.write(STDERR_FILENO, line.baseAddress, line.count)
        }
    }

    private static func rank(_ level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }
}

/// Writes one event as `TIME LEVEL LABEL: MESSAGE key=value`.
struct DiagnosticLogHandler: LogHandler {
    let label: String
    let log: DiagnosticLog
    var metadata: Logger.Metadata = [:]
    private var ownLevel: Logger.Level?

    init(label: String, log: DiagnosticLog) {
        self.label = label
        self.log = log
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? log.minimumLevel }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var clock = timespec()
        clock_gettime(CLOCK_REALTIME, &clock)
        let milliseconds = Int64(clock.tv_sec) * 1000 + Int64(clock.tv_nsec) / 1_000_000
        var line = ByteBuffer()
        Self.append(event, label: label, metadata: metadata, unixMilliseconds: milliseconds, to: &line)
        log.write(line.bytes)
    }

    /// Messages may quote what a peer sent: they get the same escaping as everything else in a log, spaces kept.
    static func append(
        _ event: LogEvent,
        label: String,
        metadata: Logger.Metadata,
        unixMilliseconds: Int64,
        to line: inout ByteBuffer
    ) {
        var timestamp = LogTimestamp()
        timestamp.append(unixMilliseconds: unixMilliseconds, to: &line)
        line.append(byte: UInt8(ascii: " "))
        line.append(string: event.level.rawValue)
        line.append(byte: UInt8(ascii: " "))
        line.append(string: label)
        line.append(": ")
        appendEscaped(event.message.description, to: &line)
        if let error = event.error {
            line.append(" error=")
            appendValue("\(error)", to: &line)
        }
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            line.append(byte: UInt8(ascii: " "))
            appendEscaped(key, to: &line)
            line.append(byte: UInt8(ascii: "="))
            appendValue("\(value)", to: &line)
        }
        line.append(byte: UInt8(ascii: "\n"))
    }

    private static func appendValue(_ value: String, to line: inout ByteBuffer) {
        let needsQuotes = value.isEmpty || value.utf8.contains { $0 <= 0x20 || $0 == 0x22 || $0 == 0x3D }
        if needsQuotes { line.append(byte: UInt8(ascii: "\"")) }
        appendEscaped(value, quotes: needsQuotes, to: &line)
        if needsQuotes { line.append(byte: UInt8(ascii: "\"")) }
    }

    private static func appendEscaped(_ text: String, quotes: Bool = false, to line: inout ByteBuffer) {
        var text = text
        text.withUTF8 { LogEscaping.appendMessage(UnsafeRawBufferPointer($0), quotes: quotes, to: &line) }
    }
}
