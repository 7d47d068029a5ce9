package io.sojourn.model;

import java.time.Instant;
import java.util.UUID;

/**
 * A session that a batch touched, as it stood after the whole batch.
 *
 * @param id opaque
 * @param startMilliseconds time of its first event, since the Unix epoch
 * @param ordinal this is the visitor's n-th session
 */
public record AssignedSession(UUID id, long startMilliseconds, long ordinal, SessionState state) {
    public Instant start() {
        return Instant.ofEpochMilli(startMilliseconds);
    }
}
