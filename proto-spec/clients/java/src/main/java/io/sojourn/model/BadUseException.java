package io.sojourn.model;

/** The caller's mistake, found before anything was sent. */
public final class BadUseException extends SojournException {
    private static final long serialVersionUID = 1;

    public BadUseException(Kind kind, String sentence) {
        super(kind, sentence, false);
    }
}
