package io.sojourn.client;

import io.sojourn.model.KnownSession;
import java.util.List;

/**
 * The answer to a look-up.
 *
 * @param clockMilliseconds the property's clock, since the Unix epoch; -2^63 before its first event
 * @param sessions those that are not finished, in order of their first event
 */
public record SessionLookup(long clockMilliseconds, List<KnownSession> sessions) {}
