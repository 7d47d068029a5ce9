package io.sojourn.wire;

/** Limits of the protocol; a server may announce lower ones. See "Limits". */
public final class Limits {
    public static final int VERSION = 1;
    public static final int MESSAGE_BYTES_MAX = 4_194_304;
    public static final int BATCH_EVENTS_MAX = 65_535;
    public static final int VISITOR_KEY_BYTES_MAX = 128;
    public static final int TEXT_BYTES_MAX = 2_048;
    public static final int BATCH_TEXTS_MAX = 65_535;
    public static final int BATCH_TEXT_BYTES_MAX = 8_388_608;
    public static final int BATCH_CONTEXTS_MAX = 65_535;
    public static final int COLUMNS_MAX = 64;
    public static final int CLIENT_NAME_BYTES_MAX = 255;
    public static final int CONTEXT_CELLS = 9;
    public static final int VALUE_SCALE_MAX = 9;
    /** Event times are below. */
    public static final long EVENT_TIME_END = 1L << 48;

    private Limits() {}
}
