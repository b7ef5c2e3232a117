import JWT
import Locking
import Logging

/// Says in the log why requests are answered with 503 because of the storage, once a minute for each reason.
final class StorageFaultLog: Sendable {
    private struct State {
        var lastSaid: [String: Int64] = [:]
        var unsaid = 0
    }

    private let logger = Logger(label: "gatehouse.storage")
    private let state = Locked(State())

    /// How many different reasons are told apart; a flood of new ones is told as a number.
    private static let knownReasons = 16

    /// Notes a fault; to be called from any thread.
    ///
    /// - Parameter unixTime: Seconds since 1970.
    func note(_ fault: StoreError, at unixTime: Int64) {
        let text = fault.description
        let others: Int? = state.withLock { state in
            state.lastSaid = state.lastSaid.filter { unixTime - $0.value < 60 }
            guard state.lastSaid[text] == nil, state.lastSaid.count < Self.knownReasons else {
                state.unsaid += 1
                return nil
            }
            state.lastSaid[text] = unixTime
            defer { state.unsaid = 0 }
            return state.unsaid
        }
        guard let others else { return }
        let more = others == 0 ? "" : " (\(others) more requests since the last such line)"
        logger.error("a request could not be answered: \(text)\(more)")
    }
}
