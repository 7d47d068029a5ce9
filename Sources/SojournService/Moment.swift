/// When a request was taken up, as two values that the shell reads off its clocks. Nothing below
/// the shell has a clock of its own.
package struct Moment: Equatable, Sendable {
    /// The server's time, in milliseconds since the epoch.
    package var serverTime: Int64
    /// How long ago the request was received, in milliseconds; decides whether its deadline passed.
    package var ageMilliseconds: UInt64

    package init(serverTime: Int64, ageMilliseconds: UInt64 = 0) {
        self.serverTime = serverTime
        self.ageMilliseconds = ageMilliseconds
    }
}
