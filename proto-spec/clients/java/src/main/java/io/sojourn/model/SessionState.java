package io.sojourn.model;

/**
 * How a session began and what is known of it, in one byte. See "Session state".
 *
 * @param bits as in the message
 */
public record SessionState(int bits) {
    /** Why the session began. */
    public Boundary boundary() {
        return new Boundary(bits & 7);
    }

    /** An event joined it late. */
    public boolean isLate() {
        return (bits & 8) != 0;
    }

    /** It has taken in another session. */
    public boolean isMerged() {
        return (bits & 16) != 0;
    }

    /** It is that of a bot. */
    public boolean isAutomated() {
        return (bits & 32) != 0;
    }

    /** An {@code end} event closed it. */
    public boolean isEnded() {
        return (bits & 64) != 0;
    }

    /** It has ten seconds, or a conversion, or two views. */
    public boolean isEngaged() {
        return (bits & 128) != 0;
    }
}
