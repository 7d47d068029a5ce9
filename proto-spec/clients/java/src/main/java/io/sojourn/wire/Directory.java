package io.sojourn.wire;

import io.sojourn.model.ErrorCode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * The directory of a message with columns. It is judged in stages, so that of several faults the one
 * is reported that the protocol wants: {@link #read} looks at the fixed part and the descriptors (codes
 * 30 to 40), the {@code require...} methods and {@link #checkForms} at the columns (41 to 44).
 */
public final class Directory {
    private static final int DESCRIPTOR_BYTES = 16;

    private final byte[] frame;
    private final int fixedBytes;
    private final List<ColumnView> columns = new ArrayList<>();
    private final ColumnView[] known = new ColumnView[Column.values().length];
    private final long[] countMin = new long[known.length];
    private final long[] countMax = new long[known.length];

    private ErrorCode lowest;
    private long lowestOffset;

    private Directory(byte[] frame, int fixedBytes) {
        this.frame = frame;
        this.fixedBytes = fixedBytes;
        Arrays.fill(countMax, Long.MAX_VALUE);
    }

    /**
     * Reads the directory behind a fixed part, whose bytes 4 to 7 are the number of columns and a reserved
     * field.
     *
     * @param defined columns that this kind of message defines; others are skipped
     * @param eventsMax how many events the first field may tell, which then has at least one; 0 for any
     */
    public static Directory read(byte[] frame, int fixedBytes, List<Column> defined, int eventsMax)
        throws FormatException {
        Directory directory = new Directory(frame, fixedBytes);
        directory.readDescriptors(defined, eventsMax);
        directory.checkPadding();
        return directory;
    }

    private void readDescriptors(List<Column> defined, int eventsMax) throws FormatException {
        int body = Header.BYTES;
        requireBody(fixedBytes);
        int count = LittleEndian.get16(frame, body + 4);
        long begin = fixedBytes + (long) count * DESCRIPTOR_BYTES;
        requireBody(begin);

        if (LittleEndian.get16(frame, body + 6) != 0) note(ErrorCode.BODY_RESERVED_NOT_ZERO, body + 6);
        long events = LittleEndian.getUnsigned32(frame, body);
        if (eventsMax > 0 && (events < 1 || events > eventsMax)) note(ErrorCode.BAD_EVENT_COUNT, body);
        if (count > Limits.COLUMNS_MAX) note(ErrorCode.BAD_COLUMN_COUNT, body + 4);
        long end = begin;
        int before = -1;
        for (int row = 0; row < count; row++) {
            int at = body + fixedBytes + row * DESCRIPTOR_BYTES;
            ColumnView view = new ColumnView(frame, at, definition(defined, LittleEndian.get8(frame, at)));
            judge(view, before, end);
            before = view.id();
            end = view.offset() + view.length();
            columns.add(view);
            if (view.column() != null) known[view.column().ordinal()] = view;
        }
        throwLowest();
        if (end != frame.length - body) throw new FormatException(ErrorCode.TRAILING_BYTES, body + end);
    }

    private void requireBody(long bytes) throws FormatException {
        if (frame.length - Header.BYTES < bytes) {
            throw new FormatException(ErrorCode.TRUNCATED_BODY, frame.length);
        }
    }

    private static Column definition(List<Column> defined, int id) {
        for (Column column : defined) {
            if (column.id() == id) return column;
        }
        return null;
    }

    /** One descriptor, against the end that the one before it claims. Sums are 64 bits wide. */
    private void judge(ColumnView view, int before, long end) {
        int at = view.descriptor();
        Column column = view.column();
        if (column != null && view.parameter() != 0 && !column.allowsParameter(view.width())) {
            note(ErrorCode.BODY_RESERVED_NOT_ZERO, at + 2);
        }
        if (view.id() <= before) note(ErrorCode.BAD_COLUMN_ORDER, at);
        long offset = view.offset();
        if (offset % 8 != 0) note(ErrorCode.COLUMN_MISALIGNED, at + 8);
        if (offset < end) note(ErrorCode.COLUMN_OVERLAP, at + 8);
        if (offset > FrameWriter.aligned(end)) note(ErrorCode.COLUMN_GAP, at + 8);
        long bodyLength = frame.length - Header.BYTES;
        if (offset + view.length() > bodyLength) note(ErrorCode.COLUMN_OUT_OF_BOUNDS, at + 8);
    }

    private void checkPadding() throws FormatException {
        int end = Header.BYTES + fixedBytes + columns.size() * DESCRIPTOR_BYTES;
        for (ColumnView view : columns) {
            for (int at = end; at < view.start(); at++) {
                if (frame[at] != 0) throw new FormatException(ErrorCode.PADDING_NOT_ZERO, at);
            }
            end = view.start() + (int) view.length();
        }
    }

    /** Remembers a fault if it is the one to report so far: the lowest code, then the lowest offset. */
    private void note(ErrorCode code, long offset) {
        if (lowest == null || code.code() < lowest.code()
            || code.code() == lowest.code() && offset < lowestOffset) {
            lowest = code;
            lowestOffset = offset;
        }
    }

    private void throwLowest() throws FormatException {
        if (lowest != null) throw new FormatException(lowest, lowestOffset);
    }

    /** All columns, in order, with those that the message does not define. */
    public List<ColumnView> columns() {
        return Collections.unmodifiableList(columns);
    }

    /** A column that the message defines, or null when it is not there. */
    public ColumnView get(Column column) {
        return known[column.ordinal()];
    }

    /** The column must be there. */
    public void requirePresent(Column column) throws FormatException {
        if (get(column) == null) throw new FormatException(ErrorCode.MISSING_COLUMN);
    }

    /** If the column is there, it must have this many elements (rows, where it has rows). */
    public void requireCount(Column column, long count) {
        countMin[column.ordinal()] = count;
        countMax[column.ordinal()] = count;
    }

    /** If the column is there, it must not have more elements (rows, where it has rows). */
    public void requireCountMax(Column column, long count) {
        countMax[column.ordinal()] = Math.min(count, countMax[column.ordinal()]);
    }

    /** Judges widths, counts and lengths, each over all columns before the next. */
    public void checkForms() throws FormatException {
        for (ColumnView view : columns) {
            Column column = view.column();
            if (column != null
                && (!column.allowsWidth(view.width()) || view.parameter() < column.recordBytes())) {
                throw new FormatException(ErrorCode.BAD_COLUMN_WIDTH, view.descriptor() + 1L);
            }
        }
        for (ColumnView view : columns) {
            if (view.column() != null && !hasGoodCount(view)) {
                throw new FormatException(ErrorCode.BAD_ELEMENT_COUNT, view.descriptor() + 4L);
            }
        }
        for (ColumnView view : columns) {
            if (view.column() != null && view.length() != rightLength(view)) {
                throw new FormatException(ErrorCode.BAD_COLUMN_LENGTH, view.descriptor() + 12L);
            }
        }
    }

    private boolean hasGoodCount(ColumnView view) {
        long rows = view.count();
        if (view.column().form() == Column.Form.ROWS) {
            if (view.parameter() < Limits.CONTEXT_CELLS || rows % view.parameter() != 0) return false;
            rows /= view.parameter();
        }
        int index = view.column().ordinal();
        return rows >= countMin[index] && rows <= countMax[index];
    }

    private static long rightLength(ColumnView view) {
        if (view.width() == 0) return view.count() * view.parameter();
        long length = view.count() * view.width();
        boolean hasEnds = view.column().form() == Column.Form.DICTIONARY && view.count() > 0;
        if (hasEnds && view.length() >= length) length += view.end((int) view.count() - 1);
        return length;
    }
}
