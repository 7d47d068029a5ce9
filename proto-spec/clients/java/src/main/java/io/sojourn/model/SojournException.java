package io.sojourn.model;

/**
 * What went wrong, and whether the batch in question may have been applied. One of:
 *
 * <ul>
 *   <li>{@link BadUseException}: the caller's mistake; nothing was sent
 *   <li>{@link RefusedException}: the server's answer is an ERROR
 *   <li>{@link NoAnswerException}: no server answered in time
 *   <li>{@link BadReplyException}: an answer came that breaks the protocol
 *   <li>{@link ClosedException}: the client was closed
 *   <li>{@link UnsupportedException}: this client cannot do that at all
 * </ul>
 */
public abstract sealed class SojournException extends RuntimeException
    permits BadUseException, RefusedException, NoAnswerException, BadReplyException, ClosedException,
        UnsupportedException {

    /** What kind of thing went wrong. */
    public enum Kind {
        EMPTY_BATCH, BATCH_TOO_LARGE, BAD_KEY, BAD_TEXT, BAD_TIME, BAD_VALUE, BAD_ENDPOINT, BAD_OPTION,
        WRONG_THREAD, REFUSED, NO_ANSWER, BAD_REPLY, CLOSED, UNSUPPORTED
    }

    private static final long serialVersionUID = 1;

    private final Kind kind;
    private final boolean mayHaveBeenApplied;

    SojournException(Kind kind, String sentence, boolean mayHaveBeenApplied) {
        super(sentence);
        this.kind = kind;
        this.mayHaveBeenApplied = mayHaveBeenApplied;
    }

    public Kind kind() {
        return kind;
    }

    /**
     * True when the outcome is unknown: then only the same batch with the same producer and sequence may
     * be sent again. False when nothing was applied for certain.
     */
    public boolean mayHaveBeenApplied() {
        return mayHaveBeenApplied;
    }
}
