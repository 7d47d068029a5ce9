package io.sojourn.model;

/**
 * Why a session began, or ended. See "Boundaries".
 * Codes that this version does not know are shown as numbers.
 *
 * @param code as in the message
 */
public record Boundary(int code) {
    public static final Boundary FIRST = new Boundary(0);
    public static final Boundary IDLE = new Boundary(1);
    public static final Boundary MAX_DURATION = new Boundary(2);
    public static final Boundary MAX_EVENTS = new Boundary(3);
    public static final Boundary CAMPAIGN = new Boundary(4);
    public static final Boundary MIDNIGHT = new Boundary(5);
    public static final Boundary EXPLICIT = new Boundary(6);

    private static final CodeNames NAMES = new CodeNames()
        .name(0, "first")
        .name(1, "idle")
        .name(2, "maxDuration")
        .name(3, "maxEvents")
        .name(4, "campaign")
        .name(5, "midnight")
        .name(6, "explicit");

    /** The name in the protocol, or the number as text. */
    public String name() {
        return NAMES.get(code);
    }

    @Override
    public String toString() {
        return name();
    }
}
