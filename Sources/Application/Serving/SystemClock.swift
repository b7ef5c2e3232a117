import Foundation

/// The machine's clock and size, read in one place.
package enum SystemClock {
    /// Seconds since 1970.
    package static func unixTime() -> Int64 { Int64(Date().timeIntervalSince1970) }

    /// The processors that this process may use.
    static var processorCount: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }
}
