import Bytes
import HTTP
import HTTPServer
import Transport

/// The sample API's streams of events: who listens is told each note of theirs, when it is written.
///
/// Confined to its event loop.
final class SampleEvents {
    private var listeners: [(user: String, exchange: HTTPExchange)] = []
    private lazy var timer = LoopTimer(self)

    /// This is a demonstration.
    private static let listenerLimit = 100
    /// Nanoseconds after which a comment shows that a stream is still there.
    private static let pause: UInt64 = 15_000_000_000

    /// Begins a stream with the notes that are there (HTML Living Standard §9.2); false if there are too many.
    func begin(_ exchange: HTTPExchange, _ user: String, _ notes: [(key: Int, value: String)]) -> Bool {
        guard listeners.count < Self.listenerLimit else { return false }
        var fields = FieldBlock()
        fields.append(name: "Content-Type", value: "text/event-stream")
        fields.append(name: "Cache-Control", value: "no-store")
        exchange.delegate = self
        exchange.sendHead(status: 200, fields: fields.bytes, framing: .stream)
        guard exchange.head.method != .head else {
            exchange.finish()
            return true
        }
        listeners.append((user, exchange))
        exchange.send(": the notes of \(user)\n\n")
        for note in notes { exchange.send(Self.event(note.key, note.value)) }
        if !timer.isArmed { exchange.loop.arm(timer, at: exchange.loop.now + Self.pause) }
        return true
    }

    /// Tells a user's listeners of a note; those who do not read miss it.
    func tell(_ user: String, _ number: Int, _ note: String) {
        for listener in listeners where listener.user == user && listener.exchange.isWritable {
            listener.exchange.send(Self.event(number, note))
        }
    }

    private static func event(_ number: Int, _ note: String) -> String {
        let lines = note.split(omittingEmptySubsequences: false) { $0.isNewline }
        return "id: \(number)\n" + lines.map { "data: \($0)\n" }.joined() + "\n"
    }
}

extension SampleEvents: LoopTimerHandler {
    func timerFired(_ timer: LoopTimer) {
        guard let loop = listeners.first?.exchange.loop else { return }
        for listener in listeners where listener.exchange.isWritable { listener.exchange.send(":\n\n") }
        loop.arm(timer, at: loop.now + Self.pause)
    }
}

extension SampleEvents: HTTPExchangeDelegate {
    func exchangeBody(_ exchange: HTTPExchange, _ bytes: UnsafeRawBufferPointer) {}
    func exchangeBodyEnded(_ exchange: HTTPExchange, trailers: FieldList?) {}
    func exchangeBodyFailed(_ exchange: HTTPExchange, _ fault: RequestFault) { exchange.abort() }
    func exchangeDrained(_ exchange: HTTPExchange) {}

    func exchangeEnded(_ exchange: HTTPExchange, _ outcome: ExchangeOutcome) {
        listeners.removeAll { $0.exchange === exchange }
    }
}

extension HTTPExchange {
    fileprivate func send(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }
}
