/// What carries one request and its response: an HTTP/1.1 connection, or a stream of an HTTP/2 one.
///
/// The request's head is sent already; what comes back goes to the request's delegate.
protocol UpstreamExchange: AnyObject {
    /// Sends some of the request's body, or keeps a copy of it.
    func writeBody(_ bytes: UnsafeRawBufferPointer)
    /// Ends the request; `trailers` are field lines, each with its line end.
    func finishBody(trailers: UnsafeRawBufferPointer)
    /// Whether more of the body should be written now.
    var isWritable: Bool { get }
    /// Stops handing on the response, or holds back as soon as it can.
    func pauseReading()
    func resumeReading()
    /// Gives the exchange up; the request hears nothing more of it.
    func abandonExchange()
}
