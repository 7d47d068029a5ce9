package io.sojourn.wire;

import io.sojourn.model.ErrorCode;

/** A message breaks the protocol: which rule, and where. */
public final class FormatException extends Exception {
    /** No byte of the frame is to blame. */
    public static final long NO_OFFSET = -1;

    private static final long serialVersionUID = 1;

    private final transient ErrorCode code;
    private final long offset;

    public FormatException(ErrorCode code, long offset) {
        super(offset == NO_OFFSET ? code.name() : code.name() + " at byte " + offset, null, false, false);
        this.code = code;
        this.offset = offset;
    }

    public FormatException(ErrorCode code) {
        this(code, NO_OFFSET);
    }

    public ErrorCode code() {
        return code;
    }

    /** The byte of the frame that offends, or {@link #NO_OFFSET}. */
    public long offset() {
        return offset;
    }
}
