package io.sojourn.wire;

import io.sojourn.model.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Texts as the protocol wants them: strict UTF-8, nothing replaced. */
public final class Utf8 {
    private Utf8() {}

    /** The bytes of a text, or null when it has half a surrogate pair. */
    public static byte[] encode(String text) {
        if (!hasSurrogates(text)) return text.getBytes(StandardCharsets.UTF_8);
        try {
            ByteBuffer buffer = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return bytes;
        } catch (CharacterCodingException exception) {
            return null;
        }
    }

    private static boolean hasSurrogates(String text) {
        for (int at = 0; at < text.length(); at++) {
            if (Character.isSurrogate(text.charAt(at))) return true;
        }
        return false;
    }

    /** @throws FormatException with the code and the offset given when the bytes are no UTF-8 */
    public static String decode(byte[] bytes, int start, int length, ErrorCode code, long offset)
        throws FormatException {
        try {
            return StandardCharsets.UTF_8.newDecoder()
                .decode(ByteBuffer.wrap(bytes, start, length)).toString();
        } catch (CharacterCodingException exception) {
            throw new FormatException(code, offset);
        }
    }
}
