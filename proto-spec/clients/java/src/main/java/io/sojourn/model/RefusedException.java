package io.sojourn.model;

import java.time.Duration;

/** The server answered with an ERROR. */
public final class RefusedException extends SojournException {
    private static final long serialVersionUID = 1;

    private final transient Refusal refusal;

    public RefusedException(Refusal refusal, boolean mayHaveBeenApplied) {
        super(
            Kind.REFUSED,
            refusal.sentence().isEmpty() ? refusal.code().name()
                : refusal.code().name() + ": " + refusal.sentence(),
            mayHaveBeenApplied);
        this.refusal = refusal;
    }

    /** Code and name, as in the registry. */
    public ErrorCode code() {
        return refusal.code();
    }

    /** The byte of the request that offends, or -1. */
    public long offset() {
        return refusal.offset();
    }

    public boolean isRetriable() {
        return refusal.isRetriable();
    }

    /** What the server asks to wait; zero for nothing. */
    public Duration retryAfter() {
        return Duration.ofMillis(refusal.retryAfterMilliseconds());
    }

    /** The server's sentence for a person; may be empty. */
    public String sentence() {
        return refusal.sentence();
    }
}
