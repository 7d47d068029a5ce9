// The words that the client's API is made of: a program that imports SojournClient has them.
@_exported public import SojournModel

@_exported public import struct SojournWire.ErrorCode
@_exported public import struct SojournWire.EventContext

extension PropertyID: ExpressibleByIntegerLiteral {
    /// The one property of a server for which none is configured: 1.
    public static let `default`: PropertyID = 1

    @inlinable public init(integerLiteral value: UInt32) { self.init(value) }
}
