package io.sojourn.model;

import io.sojourn.model.SojournException.Kind;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.UUID;

/** Who did something: 1 to 128 bytes that mean nothing to the service. */
public final class VisitorKey {
    public static final int BYTES_MAX = 128;

    private final byte[] bytes;

    private VisitorKey(byte[] bytes) {
        check(bytes.length);
        this.bytes = bytes;
    }

    /** @throws BadUseException when the length is not allowed */
    public static void check(int length) {
        if (length < 1 || length > BYTES_MAX) {
            throw new BadUseException(
                Kind.BAD_KEY, "a visitor key has 1 to " + BYTES_MAX + " bytes, not " + length);
        }
    }

    public static VisitorKey of(byte[] bytes) {
        return new VisitorKey(bytes.clone());
    }

    /** The UTF-8 of the text. */
    public static VisitorKey of(String text) {
        return new VisitorKey(text.getBytes(StandardCharsets.UTF_8));
    }

    /** The 16 bytes of the UUID. */
    public static VisitorKey of(UUID id) {
        return new VisitorKey(
            ByteBuffer.allocate(16).putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits()).array());
    }

    public byte[] bytes() {
        return bytes.clone();
    }

    public int length() {
        return bytes.length;
    }

    /** Copies the key to a place in an array. */
    public void copyTo(byte[] target, int at) {
        System.arraycopy(bytes, 0, target, at, bytes.length);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof VisitorKey key && Arrays.equals(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** Hexadecimal digits. */
    @Override
    public String toString() {
        return HexFormat.of().formatHex(bytes);
    }
}
