/// The limits of the protocol (sojourn-1, "Limits"). A server may announce lower ones, never
/// higher ones.
public enum Limits {
    /// Bytes in one request or reply, header included.
    public static let messageBytesMax = 4 << 20
    /// Events in one batch.
    public static let batchEventsMax = 65_535
    /// Bytes in a visitor key; at least one.
    public static let visitorKeyBytesMax = 128
    /// UTF-8 bytes in one text (a page, an action, an attribute of a context).
    public static let textBytesMax = 2_048
    /// Texts in one batch.
    public static let batchTextsMax = 65_535
    /// Bytes of all texts of one batch, shared prefixes written out.
    public static let batchTextBytesMax = 8 << 20
    /// Contexts in one batch.
    public static let batchContextsMax = 65_535
    /// Columns in one body.
    public static let columnsMax = 64
    /// Bytes in the name of a client.
    public static let clientNameBytesMax = 255
    /// Bytes in the sentence of an error.
    public static let errorMessageBytesMax = 1_024
    /// Requests that one client may have in flight.
    public static let creditMax = 64
    /// Batches per producer that the server remembers.
    public static let producerWindow = 128
    /// The first event time that is not allowed: 48 bits of milliseconds.
    public static let eventTimeEnd: Int64 = 1 << 48
    /// The largest power of ten by which a value column may be scaled.
    public static let valueScaleMax = 9
    /// Parts in the answer to a report.
    public static let reportRowsMax = 65_535
    /// Conditions in a report.
    public static let reportFiltersMax = 64
    /// Steps of a funnel.
    public static let funnelStepsMax = 32
}
