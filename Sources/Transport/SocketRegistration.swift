/// What a handler wants to hear of a socket.
///
/// Failures and hang-ups are always told.
package struct SocketInterest: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = SocketInterest(rawValue: EventPoll.readable)
    package static let writable = SocketInterest(rawValue: EventPoll.writable)

    // Set literals are compiled well only here: other modules would call the generic code for each of them.

    package init(reads: Bool, writes: Bool) {
        self = reads ? (writes ? [.readable, .writable] : .readable) : (writes ? .writable : [])
    }
}

/// What a socket has to say.
package struct SocketEvents: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = SocketEvents(rawValue: EventPoll.readable)
    package static let writable = SocketEvents(rawValue: EventPoll.writable)
    /// Both directions are closed.
    package static let hangUp = SocketEvents(rawValue: EventPoll.hangUp)
    /// The socket has a pending error, such as a reset by the peer.
    package static let failed = SocketEvents(rawValue: EventPoll.failed)

    /// Whether the socket has failed or hung up.
    package var isBroken: Bool { !isDisjoint(with: [.failed, .hangUp]) }

    package var isReadable: Bool { contains(.readable) }

    package var isWritable: Bool { contains(.writable) }
}

/// Told about a socket that it registered with an event loop.
package protocol SocketHandler: AnyObject {
    func socketReady(_ events: SocketEvents)
}

/// A socket's place in an event loop's set; it keeps its handler alive until it is deregistered.
///
/// Confined to its event loop.
package final class SocketRegistration {
    package let descriptor: Int32
    package internal(set) var interest: SocketInterest
    var handler: (any SocketHandler)?
    let slot: Int
    let generation: UInt32

    init(descriptor: Int32, interest: SocketInterest, handler: any SocketHandler, slot: Int, generation: UInt32) {
        self.descriptor = descriptor
        self.interest = interest
        self.handler = handler
        self.slot = slot
        self.generation = generation
    }

    /// The word in the epoll event: a stale event of a slot that was given away has another generation.
    var word: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}

@available(*, unavailable)
extension SocketRegistration: Sendable {}
