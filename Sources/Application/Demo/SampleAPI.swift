import Bytes
import HTTP
import HTTPServer
import Locking

/// The API behind the demo: it knows nothing of OAuth and believes the `X-User-Name` field, as old APIs do.
///
/// Confined to its event loop.
///
/// `GET /public/hello`; `GET`, `POST /notes`; `GET`, `PUT`, `DELETE /notes/NUMBER`; `GET /notes/events`, a stream of
/// events. Notes are kept for each user, in memory.
final class SampleAPI: RequestHandler {
    private let client: Locked<DemoClient?>
    private var notes: [String: [Int: String]] = [:]
    private let events = SampleEvents()
    private var lastNumber = SampleAPI.firstNote

    /// The most notes that are kept for one user: this is a demonstration.
    private static let noteLimit = 100
    private static let firstNote = 7
    private static let bodyLimit: UInt64 = 64 * 1024

    /// - Parameter client: whom the sample waits for users of, once there is one.
    init(client: Locked<DemoClient?>) {
        self.client = client
    }

    func handle(_ exchange: HTTPExchange) {
        exchange.bodySizeLimit = Self.bodyLimit
        guard !exchange.isRequestComplete else { return answer(exchange, body: "") }
        exchange.delegate = SampleRequest { [self] exchange, body in answer(exchange, body: body) }
        exchange.resumeBody()
    }

    func refuse(_ exchange: HTTPExchange, _ fault: RequestFault) {
        respond(exchange, 400, "bad request\n")
    }

    private func answer(_ exchange: HTTPExchange, body: String) {
        let head = exchange.head
        let segments = head.path.text.split(separator: "/").map(String.init)
        guard segments.first == "notes" else {
            if segments == ["callback"], let client = client.withLock({ $0 }) {
                return respond(exchange, 200, client.callbackPage(query: head.query?.text ?? ""))
            }
            if segments == ["public", "hello"] { return respond(exchange, 200, "Hello, whoever you are.\n") }
            return respond(exchange, 404, "nothing here\n")
        }
        guard let user = userName(head) else { return respond(exchange, 401, "no X-User-Name\n") }
        if segments.count == 1 { return answerCollection(exchange, user, body) }
        if segments == ["notes", "events"] { return answerEvents(exchange, user) }
        guard segments.count == 2, let number = Int(segments[1]) else {
            return respond(exchange, 404, "no such note\n")
        }
        answerNote(exchange, user, number, body)
    }

    private func answerCollection(_ exchange: HTTPExchange, _ user: String, _ body: String) {
        switch exchange.head.method {
        case .get, .head:
            let mine = notes[user, default: [:]].sorted { $0.key < $1.key }
            let lines = mine.map { "\($0.key)\t\($0.value)\n" }.joined()
            respond(exchange, 200, "Notes of \(user):\n" + lines)
        case .post:
            guard notes[user, default: [:]].count < Self.noteLimit else {
                return respond(exchange, 507, "too many notes\n")
            }
            lastNumber += 1
            notes[user, default: [:]][lastNumber] = body
            events.tell(user, lastNumber, body)
            respond(exchange, 201, "\(lastNumber)\t\(body)\n")
        default:
            respond(exchange, 405, "GET or POST\n")
        }
    }

    private func answerEvents(_ exchange: HTTPExchange, _ user: String) {
        guard exchange.head.method == .get || exchange.head.method == .head else {
            return respond(exchange, 405, "GET\n")
        }
        if !events.begin(exchange, user, notes[user, default: [:]].sorted { $0.key < $1.key }) {
            respond(exchange, 503, "too many listen\n")
        }
    }

    private func answerNote(_ exchange: HTTPExchange, _ user: String, _ number: Int, _ body: String) {
        // Everybody has this one, so that there is something to read from the start.
        if notes[user]?[Self.firstNote] == nil { notes[user, default: [:]][Self.firstNote] = "Water the plants" }
        guard let note = notes[user]?[number] else { return respond(exchange, 404, "no such note\n") }
        switch exchange.head.method {
        case .get, .head:
            respond(exchange, 200, "Hello \(user). Note \(number): \(note)\n")
        case .put:
            notes[user]?[number] = body
            respond(exchange, 200, "\(number)\t\(body)\n")
        case .delete:
            notes[user]?[number] = nil
            respond(exchange, 200, "deleted\n")
        default:
            respond(exchange, 405, "GET, PUT or DELETE\n")
        }
    }

    private func userName(_ head: RequestHead) -> String? {
        for index in 0..<head.fieldCount where head.name(index).equalsIgnoringCase("x-user-name") {
            return head.value(index).text
        }
        return nil
    }

    private func respond(_ exchange: HTTPExchange, _ status: Int, _ text: String) {
        var fields = FieldBlock()
        fields.append(name: "Content-Type", value: "text/plain; charset=utf-8")
        fields.append(name: "X-Content-Type-Options", value: "nosniff")
        exchange.sendHead(status: status, fields: fields.bytes, framing: .length(UInt64(text.utf8.count)))
        var text = text
        text.withUTF8 { exchange.write(UnsafeRawBufferPointer($0)) }
        exchange.finish()
    }
}

/// Gathers a request body, which the server keeps small.
private final class SampleRequest: HTTPExchangeDelegate {
    private let complete: (HTTPExchange, String) -> Void
    private var body = ByteBuffer()

    init(complete: @escaping (HTTPExchange, String) -> Void) {
        self.complete = complete
    }

    func exchangeBody(_ exchange: HTTPExchange, _ bytes: UnsafeRawBufferPointer) { body.append(bytes) }

    func exchangeBodyEnded(_ exchange: HTTPExchange, trailers: FieldList?) { complete(exchange, body.bytes.text) }

    func exchangeBodyFailed(_ exchange: HTTPExchange, _ fault: RequestFault) { exchange.abort() }

    func exchangeDrained(_ exchange: HTTPExchange) {}

    func exchangeEnded(_ exchange: HTTPExchange, _ outcome: ExchangeOutcome) {}
}
