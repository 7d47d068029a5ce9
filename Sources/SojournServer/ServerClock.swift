import Dispatch
import Foundation

/// The two clocks of the shell; nothing below it has any.
enum ServerClock {
    /// Milliseconds since the epoch.
    static func wallMilliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    /// Milliseconds that never go back, since some start.
    static func steadyMilliseconds() -> UInt64 { DispatchTime.now().uptimeNanoseconds / 1_000_000 }

    /// Microseconds that never go back, since some start.
    static func steadyMicroseconds() -> UInt64 { DispatchTime.now().uptimeNanoseconds / 1_000 }
}
