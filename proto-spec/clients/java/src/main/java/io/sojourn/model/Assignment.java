package io.sojourn.model;

import java.util.UUID;

/**
 * Which session an event belongs to.
 *
 * @param session null when the event joined none: its outcome says why
 * @param position which event of its session it is, from 1, in order of arrival; 0 without a session
 */
public record Assignment(AssignedSession session, long position, Outcome outcome) {
    /** Null when the event joined no session. */
    public UUID sessionId() {
        return session == null ? null : session.id();
    }

    /** This is the visitor's n-th session; 0 without a session. */
    public long ordinal() {
        return session == null ? 0 : session.ordinal();
    }

    /** Why the session began; null without a session. */
    public Boundary boundary() {
        return session == null ? null : session.state().boundary();
    }
}
