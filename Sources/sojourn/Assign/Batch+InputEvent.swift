import SojournClient
import SojournInput
import SojournModel
import SojournWire

extension Batch {
    /// Adds an event of a file, straight from its bytes. One that is refused leaves the batch with no
    /// further event.
    mutating func append(_ event: borrowing InputEvent) throws(EventRefusal) {
        // The bytes of bytes have no invalid patterns.
        var row = ContextRow(isKnownBot: event.isKnownBot)
        row[.device] = try builder.text(unsafe event.bytes(of: .device).bytes)
        row[.channel] = try builder.text(unsafe event.bytes(of: .channel).bytes)
        row[.country] = try builder.text(unsafe event.bytes(of: .country).bytes)
        row[.region] = try builder.text(unsafe event.bytes(of: .region).bytes)
        row[.referrer] = try builder.text(unsafe event.bytes(of: .referrer).bytes)
        row[.campaignName] = try builder.text(unsafe event.bytes(of: .campaign).bytes)
        row[.campaignSource] = try builder.text(unsafe event.bytes(of: .campaignSource).bytes)
        row[.campaignMedium] = try builder.text(unsafe event.bytes(of: .campaignMedium).bytes)
        let context = try builder.context(row)
        let name = try builder.text(unsafe event.bytes(of: .page).bytes)
        let visitor = event.bytes(of: .visitor)
        if visitor.count <= Limits.visitorKeyBytesMax {
            try add(event, visitor: unsafe visitor.bytes, name, context)
        } else {
            let key = VisitorKey.bytes(for: visitor)
            try add(event, visitor: unsafe key.span.bytes, name, context)
        }
    }

    private mutating func add(
        _ event: borrowing InputEvent, visitor: RawSpan, _ name: TextReference,
        _ context: ContextReference
    ) throws(EventRefusal) {
        try builder.add(
            time: event.timeMilliseconds, kind: event.kind, visitor: visitor, name: name,
            context: context, value: event.value ?? 0, eventID: event.eventID ?? 0)
    }
}
