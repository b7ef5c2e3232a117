import Bytes
import CLinux
import Glibc

/// What a read or write on a non-blocking connection came to.
enum Transfer {
    case bytes(Int)
    case wouldBlock
    /// The peer will send nothing more; with TLS, it said so.
    case end
    case failed
}

/// Reading and writing a connected plain socket.
enum SocketTransfer {
    static func receive(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .end }
            switch clinux_errno() {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .failed
            }
        }
    }

    static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
        while true {
            let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .bytes(count) }
            switch clinux_errno() {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .failed
            }
        }
    }

    /// Sends three runs of bytes in one call.
    static func send(
        _ descriptor: Int32,
        _ first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer,
        _ third: UnsafeRawBufferPointer
    ) -> Transfer {
        var parts = (iovec(first), iovec(second), iovec(third))
        return withUnsafeMutablePointer(to: &parts) { parts in
            parts.withMemoryRebound(to: iovec.self, capacity: 3) { parts in
                var message = msghdr()
                message.msg_iov = parts
                message.msg_iovlen = 3
                while true {
                    let count = sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                    if count >= 0 { return .bytes(count) }
                    switch clinux_errno() {
                    case EINTR: continue
                    case EAGAIN: return .wouldBlock
                    default: return .failed
                    }
                }
            }
        }
    }

    /// Whether an unused connection has nothing to say: neither bytes nor an end nor an error wait.
    static func isQuiet(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(Int(MSG_PEEK) | Int(MSG_DONTWAIT))) < 0 && clinux_errno() == EAGAIN
    }

    /// Tells the peer that nothing more comes.
    static func shutdownWriting(_ descriptor: Int32) {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    static func close(_ descriptor: Int32) {
        _ = Glibc.close(descriptor)
    }
}

extension iovec {
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        self.init(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}
