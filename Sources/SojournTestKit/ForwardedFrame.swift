package import SojournRouter
import SojournWire

extension [UInt8] {
    /// The frame as a router passes it on.
    package func readdressed(_ address: ForwardAddress) -> [UInt8] {
        var frame = self
        var span = frame.mutableSpan
        // Bytes have no invalid patterns.
        var bytes = unsafe span.mutableBytes
        Frame.readdress(
            &bytes, correlation: address.correlation,
            deadlineMilliseconds: address.deadlineMilliseconds, flags: address.flags)
        return frame
    }
}
