package io.sojourn.wire;

import io.sojourn.model.ErrorCode;

/** Reads dictionaries: lengths first, then contents, as the order of faults wants it. */
public final class Dictionary {
    private static final String[] NOTHING = {};

    private Dictionary() {}

    /**
     * Judges the lengths of all entries; returns their sum.
     *
     * @param prefixes how many bytes each entry shares with the one before; null for none
     */
    public static long checkLengths(ColumnView view, ColumnView prefixes, ErrorCode code, int bytesMax)
        throws FormatException {
        long start = 0;
        long sum = 0;
        for (int row = 0; row < view.count(); row++) {
            long end = view.end(row);
            long length = end - start + (prefixes == null ? 0 : prefixes.unsigned(row));
            if (end < start || length < 1 || length > bytesMax) {
                throw new FormatException(code, view.endOffset(row));
            }
            sum += length;
            start = end;
        }
        return sum;
    }

    /** The texts of a reply; none when the column is not there. */
    static String[] texts(ColumnView view) throws FormatException {
        if (view == null) return NOTHING;
        long sum = checkLengths(view, null, ErrorCode.BAD_TEXT_LENGTH, Limits.TEXT_BYTES_MAX);
        if (sum > Limits.BATCH_TEXT_BYTES_MAX) throw new FormatException(ErrorCode.TEXTS_TOO_LARGE);
        String[] texts = new String[(int) view.count()];
        int at = view.entriesStart();
        for (int row = 0; row < texts.length; row++) {
            int end = view.entriesStart() + (int) view.end(row);
            texts[row] = Utf8.decode(view.frame(), at, end - at, ErrorCode.BAD_UTF8, at);
            at = end;
        }
        return texts;
    }
}
