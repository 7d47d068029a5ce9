package io.sojourn.model;

import java.util.Map;

/**
 * What a server counts and measures of itself.
 *
 * @param serverTimeMilliseconds since the Unix epoch
 * @param gauges in the order of the server; names that end in {@code _total} only grow
 */
public record ServerStatus(long serverTimeMilliseconds, Map<String, Long> gauges) {}
