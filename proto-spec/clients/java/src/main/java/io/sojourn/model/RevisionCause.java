package io.sojourn.model;

/**
 * Why a revision came about. See "Revisions".
 * Codes that this version does not know are shown as numbers.
 *
 * @param code as in the message
 */
public record RevisionCause(int code) {
    public static final RevisionCause BRIDGE = new RevisionCause(1);

    private static final CodeNames NAMES = new CodeNames()
        .name(1, "bridge");

    /** The name in the protocol, or the number as text. */
    public String name() {
        return NAMES.get(code);
    }

    @Override
    public String toString() {
        return name();
    }
}
