package io.sojourn.model;

/** What happened. See "Event kinds". */
public enum EventKind {
    /** A page or screen was shown; its name is the page. */
    VIEW(1),
    /** Something else was done. */
    ACTION(2),
    /** A goal was reached, with a value perhaps. */
    CONVERSION(3),
    /** The visitor is still there; extends a session, never starts one. */
    HEARTBEAT(4),
    /** A session begins here. */
    START(5),
    /** The session ends here. */
    END(6);

    private static final EventKind[] ALL = values();

    private final int code;

    EventKind(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    /** The kind with the code, or null. */
    public static EventKind of(int code) {
        return code >= 1 && code <= ALL.length ? ALL[code - 1] : null;
    }
}
