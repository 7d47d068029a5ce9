package io.sojourn.model;

/** An answer came whole and breaks the protocol: the server, or this client, has a fault. */
public final class BadReplyException extends SojournException {
    private static final long serialVersionUID = 1;

    private final transient ErrorCode code;
    private final long offset;

    /** @param offset byte of the frame; negative for none */
    public BadReplyException(ErrorCode code, long offset, String sentence, boolean mayHaveBeenApplied) {
        super(Kind.BAD_REPLY, sentence, mayHaveBeenApplied);
        this.code = code;
        this.offset = offset;
    }

    /** Which rule the answer breaks. */
    public ErrorCode code() {
        return code;
    }

    /** The byte of the answer that offends, or -1. */
    public long offset() {
        return offset;
    }
}
