/// Why a request was refused (sojourn-1, "ERROR"). Lower codes take precedence over higher ones.
///
/// A structure rather than an enumeration: a client can still read the code, the retriable bit and
/// the sentence of a server that is newer than itself.
public struct ErrorCode: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    public let rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let badFraming = ErrorCode(rawValue: 1)
    public static let truncatedHeader = ErrorCode(rawValue: 2)
    public static let badMagic = ErrorCode(rawValue: 3)
    public static let unsupportedVersion = ErrorCode(rawValue: 4)
    public static let badHeaderChecksum = ErrorCode(rawValue: 5)
    public static let unexpectedReply = ErrorCode(rawValue: 6)
    public static let unknownOperation = ErrorCode(rawValue: 7)
    public static let unknownFlags = ErrorCode(rawValue: 8)
    public static let reservedNotZero = ErrorCode(rawValue: 9)
    public static let messageTooLarge = ErrorCode(rawValue: 10)
    public static let badBodyLength = ErrorCode(rawValue: 11)
    public static let badBodyChecksum = ErrorCode(rawValue: 12)
    public static let wrongDeployment = ErrorCode(rawValue: 13)
    public static let unknownProperty = ErrorCode(rawValue: 14)
    public static let noArchive = ErrorCode(rawValue: 15)
    public static let overloaded = ErrorCode(rawValue: 20)
    public static let draining = ErrorCode(rawValue: 21)
    public static let deadlineExpired = ErrorCode(rawValue: 22)
    public static let journalUnavailable = ErrorCode(rawValue: 23)
    public static let archiveUnavailable = ErrorCode(rawValue: 24)
    public static let truncatedBody = ErrorCode(rawValue: 30)
    public static let bodyReservedNotZero = ErrorCode(rawValue: 31)
    public static let badEventCount = ErrorCode(rawValue: 32)
    public static let badColumnCount = ErrorCode(rawValue: 33)
    public static let badColumnOrder = ErrorCode(rawValue: 34)
    public static let columnMisaligned = ErrorCode(rawValue: 35)
    public static let columnOverlap = ErrorCode(rawValue: 36)
    public static let columnGap = ErrorCode(rawValue: 37)
    public static let columnOutOfBounds = ErrorCode(rawValue: 38)
    public static let trailingBytes = ErrorCode(rawValue: 39)
    public static let paddingNotZero = ErrorCode(rawValue: 40)
    public static let missingColumn = ErrorCode(rawValue: 41)
    public static let badColumnWidth = ErrorCode(rawValue: 42)
    public static let badElementCount = ErrorCode(rawValue: 43)
    public static let badColumnLength = ErrorCode(rawValue: 44)
    public static let badKeyLength = ErrorCode(rawValue: 45)
    public static let badTextLength = ErrorCode(rawValue: 46)
    public static let textsTooLarge = ErrorCode(rawValue: 47)
    public static let badUTF8 = ErrorCode(rawValue: 48)
    public static let badKind = ErrorCode(rawValue: 49)
    public static let indexOutOfRange = ErrorCode(rawValue: 50)
    public static let timeOutOfRange = ErrorCode(rawValue: 51)
    public static let badScale = ErrorCode(rawValue: 52)
    public static let badName = ErrorCode(rawValue: 53)
    public static let badLookup = ErrorCode(rawValue: 54)
    public static let badReport = ErrorCode(rawValue: 55)
    public static let reportTooLong = ErrorCode(rawValue: 56)
    public static let sequenceTooOld = ErrorCode(rawValue: 60)
    public static let sequenceGap = ErrorCode(rawValue: 61)
    public static let sequenceReused = ErrorCode(rawValue: 62)
    public static let `internal` = ErrorCode(rawValue: 90)
}

extension ErrorCode {
    /// The same request may succeed later, unchanged.
    public var isRetriable: Bool {
        switch self {
        case .overloaded, .draining, .deadlineExpired, .journalUnavailable,
            .archiveUnavailable, .internal:
            true
        default: false
        }
    }

    /// A server sends no reply, for there is nobody, or nobody safe, to send it to.
    public var isDropped: Bool {
        switch self {
        case .truncatedHeader, .badMagic, .unexpectedReply: true
        default: false
        }
    }

    /// The name in the registry; `error 77` for a code that this version does not know.
    public var name: String {
        Self.registry.first { $0.code == self }?.name ?? "error \(rawValue)"
    }

    /// The code with this name, or nil.
    public init?(name: some StringProtocol) {
        guard let entry = Self.registry.first(where: { $0.name == name }) else { return nil }
        self = entry.code
    }

    /// All codes of the registry in order of precedence.
    public static var all: [ErrorCode] { registry.map(\.code) }

    private static let registry: [(code: ErrorCode, name: String)] = [
        (.badFraming, "badFraming"),
        (.truncatedHeader, "truncatedHeader"),
        (.badMagic, "badMagic"),
        (.unsupportedVersion, "unsupportedVersion"),
        (.badHeaderChecksum, "badHeaderChecksum"),
        (.unexpectedReply, "unexpectedReply"),
        (.unknownOperation, "unknownOperation"),
        (.unknownFlags, "unknownFlags"),
        (.reservedNotZero, "reservedNotZero"),
        (.messageTooLarge, "messageTooLarge"),
        (.badBodyLength, "badBodyLength"),
        (.badBodyChecksum, "badBodyChecksum"),
        (.wrongDeployment, "wrongDeployment"),
        (.unknownProperty, "unknownProperty"),
        (.noArchive, "noArchive"),
        (.overloaded, "overloaded"),
        (.draining, "draining"),
        (.deadlineExpired, "deadlineExpired"),
        (.journalUnavailable, "journalUnavailable"),
        (.archiveUnavailable, "archiveUnavailable"),
        (.truncatedBody, "truncatedBody"),
        (.bodyReservedNotZero, "bodyReservedNotZero"),
        (.badEventCount, "badEventCount"),
        (.badColumnCount, "badColumnCount"),
        (.badColumnOrder, "badColumnOrder"),
        (.columnMisaligned, "columnMisaligned"),
        (.columnOverlap, "columnOverlap"),
        (.columnGap, "columnGap"),
        (.columnOutOfBounds, "columnOutOfBounds"),
        (.trailingBytes, "trailingBytes"),
        (.paddingNotZero, "paddingNotZero"),
        (.missingColumn, "missingColumn"),
        (.badColumnWidth, "badColumnWidth"),
        (.badElementCount, "badElementCount"),
        (.badColumnLength, "badColumnLength"),
        (.badKeyLength, "badKeyLength"),
        (.badTextLength, "badTextLength"),
        (.textsTooLarge, "textsTooLarge"),
        (.badUTF8, "badUTF8"),
        (.badKind, "badKind"),
        (.indexOutOfRange, "indexOutOfRange"),
        (.timeOutOfRange, "timeOutOfRange"),
        (.badScale, "badScale"),
        (.badName, "badName"),
        (.badLookup, "badLookup"),
        (.badReport, "badReport"),
        (.reportTooLong, "reportTooLong"),
        (.sequenceTooOld, "sequenceTooOld"),
        (.sequenceGap, "sequenceGap"),
        (.sequenceReused, "sequenceReused"),
        (.internal, "internal"),
    ]
}

extension ErrorCode: CustomStringConvertible {
    public var description: String { name }
}
