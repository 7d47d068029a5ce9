package io.sojourn.model;

/** No server answered in time, in any of the attempts. */
public final class NoAnswerException extends SojournException {
    private static final long serialVersionUID = 1;

    public NoAnswerException(String sentence, boolean mayHaveBeenApplied) {
        super(Kind.NO_ANSWER, sentence, mayHaveBeenApplied);
    }
}
