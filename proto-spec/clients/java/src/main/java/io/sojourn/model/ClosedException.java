package io.sojourn.model;

/** The client is closed, or was closed before the answer came. */
public final class ClosedException extends SojournException {
    private static final long serialVersionUID = 1;

    public ClosedException(String sentence, boolean mayHaveBeenApplied) {
        super(Kind.CLOSED, sentence, mayHaveBeenApplied);
    }
}
