package io.sojourn.model;

import java.util.List;
import java.util.UUID;

/**
 * What a look-up tells of a session that is not finished yet. Times are milliseconds since the Unix epoch.
 *
 * @param ordinal this is the visitor's n-th session
 * @param valueMicroUnits sum of the values of its events
 * @param engagedMilliseconds from the first event to the last
 * @param boundaryOut why it ended; null when it has not
 * @param context of the earliest event
 * @param landingPage of the earliest view; null without one
 * @param exitPage of the latest view; null without one
 * @param path the first views by event time
 * @param finishesMilliseconds when it finishes, on the property's clock, if nothing more comes
 */
public record KnownSession(
    UUID id, long ordinal, long firstEventMilliseconds, long lastEventMilliseconds,
    long valueMicroUnits, long engagedMilliseconds, long events, long views, long actions,
    long conversions, SessionState state, Boundary boundaryOut, Context context, String landingPage,
    String exitPage, List<PathStep> path, long finishesMilliseconds) {}
