package io.sojourn.model;

import java.util.UUID;

/**
 * Corrects earlier answers: the session {@code from} is now part of the session {@code into}. Who stored
 * assignments replaces one id by the other.
 *
 * @param number counts from 1 without gaps, per property and partition; unsigned
 * @param partition that numbered it
 */
public record Revision(long number, UUID from, UUID into, RevisionCause cause, int partition) {}
