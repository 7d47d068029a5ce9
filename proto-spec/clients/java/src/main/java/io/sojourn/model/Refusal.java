package io.sojourn.model;

/**
 * What an ERROR says.
 *
 * @param retryAfterMilliseconds 0 when there is nothing to wait for
 * @param offset byte of the request that offends, or -1
 * @param lowestVersion that the server speaks
 * @param highestVersion that the server speaks
 */
public record Refusal(
    ErrorCode code, boolean isRetriable, long retryAfterMilliseconds, long offset, int lowestVersion,
    int highestVersion, String sentence) {}
