package io.sojourn.wire;

/** What a message is about. See "Operations". */
public enum Operation {
    HELLO(1), ASSIGN(2), LOOKUP(3), STATUS(4), ERROR(5);

    private static final Operation[] ALL = values();

    private final int code;

    Operation(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    /** The operation with the code, or null. */
    public static Operation of(int code) {
        return code >= 1 && code <= ALL.length ? ALL[code - 1] : null;
    }
}
