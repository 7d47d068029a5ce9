package io.sojourn.client;

import io.sojourn.model.BadUseException;
import io.sojourn.model.SojournException.Kind;
import io.sojourn.wire.Column;
import io.sojourn.wire.FrameWriter;
import io.sojourn.wire.Limits;
import io.sojourn.wire.Utf8;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Different texts in order of first use, and how they are written. */
final class TextDictionary {
    private static final int PREFIX_BYTES_MAX = 255;

    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<byte[]> texts = new ArrayList<>();
    private int byteCount;

    int count() {
        return texts.size();
    }

    int byteCount() {
        return byteCount;
    }

    void clear() {
        numbers.clear();
        texts.clear();
        byteCount = 0;
    }

    /**
     * Row plus one of a text, which is added when it is new; 0 for null.
     *
     * @throws BadUseException when it is empty, too long, or no Unicode text
     */
    int number(String text) {
        if (text == null) return 0;
        Integer known = numbers.get(text);
        if (known != null) return known;
        byte[] bytes = check(text);
        texts.add(bytes);
        byteCount += bytes.length;
        numbers.put(text, texts.size());
        return texts.size();
    }

    /** The bytes of a text that may be sent. */
    static byte[] check(String text) {
        byte[] bytes = text.length() > Limits.TEXT_BYTES_MAX ? null : Utf8.encode(text);
        if (bytes == null && text.length() <= Limits.TEXT_BYTES_MAX) {
            throw new BadUseException(Kind.BAD_TEXT, "a text has half a surrogate pair");
        }
        if (bytes == null || bytes.length < 1 || bytes.length > Limits.TEXT_BYTES_MAX) {
            throw new BadUseException(
                Kind.BAD_TEXT, "a text has 1 to " + Limits.TEXT_BYTES_MAX + " bytes of UTF-8, not "
                    + (bytes == null ? "more than " + text.length() : bytes.length));
        }
        return bytes;
    }

    /** Forgets the texts from this row on. */
    void shorten(int count) {
        if (count == texts.size()) return;
        numbers.values().removeIf(number -> number > count);
        for (byte[] text : texts.subList(count, texts.size())) byteCount -= text.length;
        texts.subList(count, texts.size()).clear();
    }

    /** How many bytes each text shares with the one before, or null when that saves nothing. */
    int[] prefixes() {
        int[] prefixes = new int[texts.size()];
        int shared = 0;
        for (int row = 1; row < prefixes.length; row++) {
            int same = Arrays.mismatch(texts.get(row - 1), texts.get(row));
            prefixes[row] = Math.min(same, PREFIX_BYTES_MAX);
            shared += prefixes[row];
        }
        // What the prefixes cost: a descriptor, one byte each, and padding before them.
        return shared > 16 + prefixes.length + 7 ? prefixes : null;
    }

    /** Writes the columns {@code texts} and, unless null, {@code textPrefixes}. */
    void write(FrameWriter writer, int[] prefixes) {
        int count = texts.size();
        int[] ends = new int[count];
        byte[] entries = new byte[byteCount];
        int end = 0;
        for (int row = 0; row < count; row++) {
            byte[] text = texts.get(row);
            int skipped = prefixes == null ? 0 : prefixes[row];
            System.arraycopy(text, skipped, entries, end, text.length - skipped);
            end += text.length - skipped;
            ends[row] = end;
        }
        writer.dictionary(Column.TEXTS, Widths.ofEnds(end), ends, count, entries);
        if (prefixes != null) writer.integers(Column.TEXT_PREFIXES, 1, 0, prefixes, count);
    }
}
