package io.sojourn.model;

/**
 * Why a message was refused. See "ERROR".
 * Codes that this version does not know are shown as numbers.
 *
 * @param code as in the message
 */
public record ErrorCode(int code) {
    public static final ErrorCode BAD_FRAMING = new ErrorCode(1);
    public static final ErrorCode TRUNCATED_HEADER = new ErrorCode(2);
    public static final ErrorCode BAD_MAGIC = new ErrorCode(3);
    public static final ErrorCode UNSUPPORTED_VERSION = new ErrorCode(4);
    public static final ErrorCode BAD_HEADER_CHECKSUM = new ErrorCode(5);
    public static final ErrorCode UNEXPECTED_REPLY = new ErrorCode(6);
    public static final ErrorCode UNKNOWN_OPERATION = new ErrorCode(7);
    public static final ErrorCode UNKNOWN_FLAGS = new ErrorCode(8);
    public static final ErrorCode RESERVED_NOT_ZERO = new ErrorCode(9);
    public static final ErrorCode MESSAGE_TOO_LARGE = new ErrorCode(10);
    public static final ErrorCode BAD_BODY_LENGTH = new ErrorCode(11);
    public static final ErrorCode BAD_BODY_CHECKSUM = new ErrorCode(12);
    public static final ErrorCode WRONG_DEPLOYMENT = new ErrorCode(13);
    public static final ErrorCode UNKNOWN_PROPERTY = new ErrorCode(14);
    public static final ErrorCode NO_ARCHIVE = new ErrorCode(15);
    public static final ErrorCode OVERLOADED = new ErrorCode(20);
    public static final ErrorCode DRAINING = new ErrorCode(21);
    public static final ErrorCode DEADLINE_EXPIRED = new ErrorCode(22);
    public static final ErrorCode JOURNAL_UNAVAILABLE = new ErrorCode(23);
    public static final ErrorCode ARCHIVE_UNAVAILABLE = new ErrorCode(24);
    public static final ErrorCode TRUNCATED_BODY = new ErrorCode(30);
    public static final ErrorCode BODY_RESERVED_NOT_ZERO = new ErrorCode(31);
    public static final ErrorCode BAD_EVENT_COUNT = new ErrorCode(32);
    public static final ErrorCode BAD_COLUMN_COUNT = new ErrorCode(33);
    public static final ErrorCode BAD_COLUMN_ORDER = new ErrorCode(34);
    public static final ErrorCode COLUMN_MISALIGNED = new ErrorCode(35);
    public static final ErrorCode COLUMN_OVERLAP = new ErrorCode(36);
    public static final ErrorCode COLUMN_GAP = new ErrorCode(37);
    public static final ErrorCode COLUMN_OUT_OF_BOUNDS = new ErrorCode(38);
    public static final ErrorCode TRAILING_BYTES = new ErrorCode(39);
    public static final ErrorCode PADDING_NOT_ZERO = new ErrorCode(40);
    public static final ErrorCode MISSING_COLUMN = new ErrorCode(41);
    public static final ErrorCode BAD_COLUMN_WIDTH = new ErrorCode(42);
    public static final ErrorCode BAD_ELEMENT_COUNT = new ErrorCode(43);
    public static final ErrorCode BAD_COLUMN_LENGTH = new ErrorCode(44);
    public static final ErrorCode BAD_KEY_LENGTH = new ErrorCode(45);
    public static final ErrorCode BAD_TEXT_LENGTH = new ErrorCode(46);
    public static final ErrorCode TEXTS_TOO_LARGE = new ErrorCode(47);
    public static final ErrorCode BAD_UTF8 = new ErrorCode(48);
    public static final ErrorCode BAD_KIND = new ErrorCode(49);
    public static final ErrorCode INDEX_OUT_OF_RANGE = new ErrorCode(50);
    public static final ErrorCode TIME_OUT_OF_RANGE = new ErrorCode(51);
    public static final ErrorCode BAD_SCALE = new ErrorCode(52);
    public static final ErrorCode BAD_NAME = new ErrorCode(53);
    public static final ErrorCode BAD_LOOKUP = new ErrorCode(54);
    public static final ErrorCode BAD_REPORT = new ErrorCode(55);
    public static final ErrorCode REPORT_TOO_LONG = new ErrorCode(56);
    public static final ErrorCode SEQUENCE_TOO_OLD = new ErrorCode(60);
    public static final ErrorCode SEQUENCE_GAP = new ErrorCode(61);
    public static final ErrorCode SEQUENCE_REUSED = new ErrorCode(62);
    public static final ErrorCode INTERNAL = new ErrorCode(90);

    private static final CodeNames NAMES = new CodeNames()
        .name(1, "badFraming")
        .name(2, "truncatedHeader")
        .name(3, "badMagic")
        .name(4, "unsupportedVersion")
        .name(5, "badHeaderChecksum")
        .name(6, "unexpectedReply")
        .name(7, "unknownOperation")
        .name(8, "unknownFlags")
        .name(9, "reservedNotZero")
        .name(10, "messageTooLarge")
        .name(11, "badBodyLength")
        .name(12, "badBodyChecksum")
        .name(13, "wrongDeployment")
        .name(14, "unknownProperty")
        .name(15, "noArchive")
        .name(20, "overloaded")
        .name(21, "draining")
        .name(22, "deadlineExpired")
        .name(23, "journalUnavailable")
        .name(24, "archiveUnavailable")
        .name(30, "truncatedBody")
        .name(31, "bodyReservedNotZero")
        .name(32, "badEventCount")
        .name(33, "badColumnCount")
        .name(34, "badColumnOrder")
        .name(35, "columnMisaligned")
        .name(36, "columnOverlap")
        .name(37, "columnGap")
        .name(38, "columnOutOfBounds")
        .name(39, "trailingBytes")
        .name(40, "paddingNotZero")
        .name(41, "missingColumn")
        .name(42, "badColumnWidth")
        .name(43, "badElementCount")
        .name(44, "badColumnLength")
        .name(45, "badKeyLength")
        .name(46, "badTextLength")
        .name(47, "textsTooLarge")
        .name(48, "badUTF8")
        .name(49, "badKind")
        .name(50, "indexOutOfRange")
        .name(51, "timeOutOfRange")
        .name(52, "badScale")
        .name(53, "badName")
        .name(54, "badLookup")
        .name(55, "badReport")
        .name(56, "reportTooLong")
        .name(60, "sequenceTooOld")
        .name(61, "sequenceGap")
        .name(62, "sequenceReused")
        .name(90, "internal");

    /** The name in the protocol, or the number as text. */
    public String name() {
        return NAMES.get(code);
    }

    @Override
    public String toString() {
        return name();
    }
}
