/// Where a request came from; for the audit log and for slowing down.
package struct RequestContext: Sendable, Equatable {
    /// The client's address, without the port.
    package var address: String
    package var requestID: String
    /// What a browser calls itself; empty where it doesn't say.
    package var userAgent: String

    package init(address: String, requestID: String, userAgent: String = "") {
        self.address = address
        self.requestID = requestID
        self.userAgent = userAgent
    }
}
