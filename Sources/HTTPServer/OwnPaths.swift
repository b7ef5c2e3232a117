/// Answers the gateway's own paths on the issuer's host, before any route.
package protocol OwnPaths: AnyObject {
    /// Whether the path may be one of them; asked for every request to the issuer's host, so it must be cheap.
    func claims(_ path: UnsafeRawBufferPointer) -> Bool

    /// Answers the request, or returns false if the path is none of the gateway's own.
    ///
    /// - Parameter fields: Lines that every response shall carry.
    func answer(_ exchange: HTTPExchange, fields: UnsafeRawBufferPointer) -> Bool
}
