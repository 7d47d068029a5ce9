package io.sojourn.model;

/**
 * A view within a session.
 *
 * @param afterMilliseconds after the first event of the session
 * @param page null when the view had no name
 */
public record PathStep(long afterMilliseconds, String page) {}
