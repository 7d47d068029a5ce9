package io.sojourn.conformance;

import com.google.gson.JsonObject;
import io.sojourn.model.ErrorCode;
import io.sojourn.wire.ColumnView;
import io.sojourn.wire.Column;
import io.sojourn.wire.Dictionary;
import io.sojourn.wire.FormatException;
import io.sojourn.wire.Limits;
import io.sojourn.wire.Utf8;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Texts of a message, written out. */
final class Texts {
    private final List<String> all = new ArrayList<>();
    /** Where the first prefix stands that is longer than the text before; -1 for none. */
    private int badPrefix = -1;

    static Texts read(ColumnView texts, ColumnView prefixes) throws FormatException {
        Texts read = new Texts();
        if (texts == null) return read;
        long sum = Dictionary.checkLengths(texts, prefixes, ErrorCode.BAD_TEXT_LENGTH, Limits.TEXT_BYTES_MAX);
        if (sum > Limits.BATCH_TEXT_BYTES_MAX) throw new FormatException(ErrorCode.TEXTS_TOO_LARGE);
        byte[] before = {};
        int at = texts.entriesStart();
        for (int row = 0; row < texts.count(); row++) {
            int end = texts.entriesStart() + (int) texts.end(row);
            int prefix = prefixes == null ? 0 : (int) prefixes.unsigned(row);
            if (prefix > before.length) {
                read.badPrefix = prefixes.start(row);
                return read;
            }
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            text.write(before, 0, prefix);
            text.write(texts.frame(), at, end - at);
            before = text.toByteArray();
            read.all.add(Utf8.decode(before, 0, before.length, ErrorCode.BAD_UTF8, at));
            at = end;
        }
        return read;
    }

    List<String> all() {
        return all;
    }

    int badPrefix() {
        return badPrefix;
    }

    /** The text with a number; null for 0. */
    String numbered(long number) {
        return number == 0 ? null : all.get((int) number - 1);
    }

    /** Row plus one of each text, and 0 of null. */
    static Map<String, Long> numbers(List<String> texts) {
        Map<String, Long> numbers = new HashMap<>();
        numbers.put(null, 0L);
        for (int row = 0; row < texts.size(); row++) numbers.put(texts.get(row), row + 1L);
        return numbers;
    }

    /** Puts texts, and what they share when that is wanted, into the parts of a message. */
    static void write(Encoding.Parts parts, JsonObject encoding, List<String> texts) {
        boolean hasPrefixes = encoding.getAsJsonObject("columns").has(Encoding.name(Column.TEXT_PREFIXES));
        long[] prefixes = new long[texts.size()];
        List<byte[]> entries = new ArrayList<>();
        byte[] before = {};
        for (int row = 0; row < prefixes.length; row++) {
            byte[] text = texts.get(row).getBytes(StandardCharsets.UTF_8);
            int same = Arrays.mismatch(before, text);
            if (hasPrefixes) prefixes[row] = Math.min(same < 0 ? text.length : same, 255);
            entries.add(Arrays.copyOfRange(text, (int) prefixes[row], text.length));
            before = text;
        }
        parts.entries(Column.TEXTS, entries);
        parts.integers(Column.TEXT_PREFIXES, prefixes);
    }
}
