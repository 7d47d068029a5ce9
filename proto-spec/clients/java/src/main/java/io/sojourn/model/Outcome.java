package io.sojourn.model;

/**
 * What became of an event. See "Outcomes".
 * Codes that this version does not know are shown as numbers.
 *
 * @param code as in the message
 */
public record Outcome(int code) {
    public static final Outcome NEW = new Outcome(0);
    public static final Outcome EXTENDED = new Outcome(1);
    public static final Outcome LATE_JOINED = new Outcome(2);
    public static final Outcome MERGED = new Outcome(3);
    public static final Outcome TOO_LATE = new Outcome(4);
    public static final Outcome DUPLICATE = new Outcome(5);
    public static final Outcome REJECTED_NO_SESSION = new Outcome(16);
    public static final Outcome REJECTED_CLOCK_SKEW = new Outcome(17);
    public static final Outcome REJECTED_VISITOR_LIMIT = new Outcome(18);
    public static final Outcome REJECTED_SESSION_LIMIT = new Outcome(19);

    private static final CodeNames NAMES = new CodeNames()
        .name(0, "new")
        .name(1, "extended")
        .name(2, "lateJoined")
        .name(3, "merged")
        .name(4, "tooLate")
        .name(5, "duplicate")
        .name(16, "rejectedNoSession")
        .name(17, "rejectedClockSkew")
        .name(18, "rejectedVisitorLimit")
        .name(19, "rejectedSessionLimit");

    /** The name in the protocol, or the number as text. */
    public String name() {
        return NAMES.get(code);
    }

    @Override
    public String toString() {
        return name();
    }
}
