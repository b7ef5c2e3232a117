import Bytes
import Gateway
import HTTP

/// What an endpoint answers: plain values, made anywhere.
package struct WebResponse: Sendable {
    package var status: Int
    /// In their order; without those that every response has (`Date`, `X-Request-Id` and so on) and without framing.
    package private(set) var fields: [(name: String, value: String)] = []
    package var body: [UInt8]
    /// Where set, the answer is the gateway's own for it (a page, problem+json), and all the rest does not count.
    package private(set) var failure: GatewayFailure?

    // What the access log and the metrics say.

    /// Why the request was refused, a short word in snake case; nil where it was not.
    package var refusal: String?
    package var userName: String?
    package var clientID: String?

    /// A response that no cache keeps, unless `set` says otherwise.
    package init(status: Int, contentType: String? = nil, body: [UInt8] = []) {
        self.status = status
        self.body = body
        if let contentType { add("Content-Type", contentType) }
        add("Cache-Control", "no-store")
        add("X-Content-Type-Options", "nosniff")
    }

    /// Answers as the gateway does to any request that it refuses.
    package init(_ failure: GatewayFailure) {
        status = failure.status
        body = []
        self.failure = failure
    }

    package static func json(_ body: [UInt8], status: Int = 200) -> WebResponse {
        WebResponse(status: status, contentType: "application/json", body: body)
    }

    /// A page; its policy and whatever else pages carry is the caller's.
    package static func html(_ body: [UInt8], status: Int = 200) -> WebResponse {
        WebResponse(status: status, contentType: "text/html; charset=utf-8", body: body)
    }

    /// Sends the client elsewhere, by GET (RFC 9110 §15.4.4; RFC 9700 §4.12: never 307).
    package static func redirect(to location: String) -> WebResponse {
        var response = WebResponse(status: 303)
        response.add("Location", location)
        return response
    }

    /// Adds a field.
    ///
    /// A value that could end its line or the head is left out with its field: it can only come from a fault of ours.
    package mutating func add(_ name: String, _ value: String) {
        guard Self.isField(name, value) else { return assertionFailure("a field is malformed: \(name)") }
        fields.append((name, value))
    }

    /// Sets a field in place of all of its name.
    package mutating func set(_ name: String, _ value: String) {
        fields.removeAll { $0.name.lowercased() == name.lowercased() }
        add(name, value)
    }

    /// Adds a `Set-Cookie` that `OwnCookie` made.
    package mutating func addCookie(_ value: String) {
        add("Set-Cookie", value)
    }

    private static func isField(_ name: String, _ value: String) -> Bool {
        var name = name
        var value = value
        return name.withUTF8 { FieldSyntax.isToken(UnsafeRawBufferPointer($0)) }
            && value.withUTF8 { FieldSyntax.isValue(UnsafeRawBufferPointer($0)) }
    }
}
