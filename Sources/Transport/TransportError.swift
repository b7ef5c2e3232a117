/// What can go wrong below the protocols: with sockets, descriptors and addresses.
package enum TransportError: Error, Equatable {
    /// A system call failed; `code` is its `errno`.
    case systemCall(StaticString, code: Int32)
    /// Another process or listener has the address.
    case addressInUse(String)
    /// The text is not `host:port`, `[v6]:port` or `unix:/path`, or its host has no address.
    case invalidAddress(String)

    package static func == (left: TransportError, right: TransportError) -> Bool {
        left.description == right.description
    }
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .systemCall(let call, let code): "\(call): \(SystemCall.message(for: code))"
        case .addressInUse(let address): "the address \(address) is already in use"
        case .invalidAddress(let text): "\(text) is not an address"
        }
    }
}
