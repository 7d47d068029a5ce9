package io.sojourn.client;

import io.sojourn.model.BadUseException;
import io.sojourn.model.SojournException.Kind;

/**
 * Keys for an encrypted connection, 40 characters of Z85 each.
 *
 * @param serverPublic whom to talk to
 * @param ownPublic who talks
 * @param ownSecret known to nobody else
 */
public record CurveKeys(String serverPublic, String ownPublic, String ownSecret) {
    private static final String Z85 = "[0-9a-zA-Z.\\-:+=^!/*?&<>()\\[\\]{}@%$#]{40}";

    /** @throws BadUseException when a key is not 40 characters of Z85 */
    public CurveKeys {
        for (String key : new String[] {serverPublic, ownPublic, ownSecret}) {
            if (key == null || !key.matches(Z85)) {
                throw new BadUseException(Kind.BAD_OPTION, "a CURVE key has 40 characters of Z85");
            }
        }
    }

    /** Does not show the secret. */
    @Override
    public String toString() {
        return "CurveKeys[serverPublic=" + serverPublic + ", ownPublic=" + ownPublic + "]";
    }
}
