import SojournInput
import SojournModel

/// Everything that a reader finds in an input.
struct Found: Equatable {
    var events: [InputEvent] = []
    var bad: [BadLine] = []
    var warning: String?

    init(
        _ bytes: [UInt8], format: InputFormat = .auto, limits: ReaderLimits = ReaderLimits()
    ) throws(InputError) {
        var reader = try EventReader(bytes: bytes, format: format, limits: limits)
        while let record = try reader.next() {
            switch record {
            case .event(let event): events.append(event)
            case .bad(let line): bad.append(line)
            }
        }
        warning = reader.warning
    }

    init(
        _ text: String, format: InputFormat = .auto, limits: ReaderLimits = ReaderLimits()
    ) throws(InputError) {
        try self.init(Array(text.utf8), format: format, limits: limits)
    }
}

/// The error that opening an input gives, or nil.
func openingError(_ bytes: [UInt8], format: InputFormat = .auto) -> InputError? {
    do throws(InputError) {
        _ = try EventReader(bytes: bytes, format: format)
        return nil
    } catch {
        return error
    }
}

func openingError(_ text: String, format: InputFormat = .auto) -> InputError? {
    openingError(Array(text.utf8), format: format)
}

extension InputEvent {
    var visitorText: String { String(decoding: visitor, as: UTF8.self) }
}
