package io.sojourn.model;

/** This client, with the libraries that it has, cannot do what was asked of it. */
public final class UnsupportedException extends SojournException {
    private static final long serialVersionUID = 1;

    public UnsupportedException(String sentence) {
        super(Kind.UNSUPPORTED, sentence, false);
    }
}
