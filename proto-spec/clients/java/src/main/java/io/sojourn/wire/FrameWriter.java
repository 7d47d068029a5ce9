package io.sojourn.wire;

import java.util.Arrays;

/**
 * Writes a body with columns into a frame: the fixed part, the directory, and then column after column
 * in ascending order, each at the next multiple of 8. The header is left to {@link Header#seal}.
 */
public final class FrameWriter {
    private static final int DESCRIPTOR_BYTES = 16;

    private final int fixedBytes;
    private final int columnCount;
    private byte[] frame;
    private int end;
    private int columnsWritten;

    /**
     * @param fixedBytes bytes of the fixed part
     * @param columnCount how many columns will be written
     * @param bytes about how many bytes the columns will have
     */
    public FrameWriter(int fixedBytes, int columnCount, int bytes) {
        this.fixedBytes = fixedBytes;
        this.columnCount = columnCount;
        end = Header.BYTES + fixedBytes + columnCount * DESCRIPTOR_BYTES;
        frame = new byte[end + bytes + 8 * columnCount];
        LittleEndian.put16(frame, Header.BYTES + 4, columnCount);
    }

    /** The first multiple of 8 that is not before this offset of the body. */
    static long aligned(long offset) {
        return offset + 7 & ~7L;
    }

    /** Writes a field of the fixed part. */
    public FrameWriter fixed32(int offset, int value) {
        LittleEndian.put32(frame, Header.BYTES + offset, value);
        return this;
    }

    /** Writes a field of the fixed part. */
    public FrameWriter fixed64(int offset, long value) {
        LittleEndian.put64(frame, Header.BYTES + offset, value);
        return this;
    }

    /** Begins a column; returns where in the array of the frame its bytes are to be put. */
    private int begin(int column, int width, int parameter, int count, int length) {
        if (columnsWritten == columnCount) throw new IllegalStateException("a column too many");
        int offset = (int) aligned(end - Header.BYTES);
        int start = Header.BYTES + offset;
        int needed = start + length;
        if (needed > frame.length) frame = Arrays.copyOf(frame, Math.max(needed, 2 * frame.length));
        int at = Header.BYTES + fixedBytes + columnsWritten++ * DESCRIPTOR_BYTES;
        LittleEndian.put8(frame, at, column);
        LittleEndian.put8(frame, at + 1, width);
        LittleEndian.put16(frame, at + 2, parameter);
        LittleEndian.put32(frame, at + 4, count);
        LittleEndian.put32(frame, at + 8, offset);
        LittleEndian.put32(frame, at + 12, length);
        end = needed;
        return start;
    }

    /** A column whose bytes are ready. */
    public FrameWriter bytes(
        int column, int width, int parameter, int count, byte[] bytes, int length) {
        int at = begin(column, width, parameter, count, length);
        System.arraycopy(bytes, 0, frame, at, length);
        return this;
    }

    /** Integers of 1, 2 or 4 bytes. */
    public FrameWriter integers(Column column, int width, int parameter, int[] values, int count) {
        int at = begin(column.id(), width, parameter, count, Math.multiplyExact(count, width));
        switch (width) {
            case 1 -> {
                for (int row = 0; row < count; row++) frame[at + row] = (byte) values[row];
            }
            case 2 -> {
                for (int row = 0; row < count; row++) {
                    LittleEndian.put16(frame, at + 2 * row, values[row]);
                }
            }
            case 4 -> {
                for (int row = 0; row < count; row++) {
                    LittleEndian.put32(frame, at + 4 * row, values[row]);
                }
            }
            default -> throw new IllegalArgumentException("width " + width);
        }
        return this;
    }

    /** Integers of 1 to 8 bytes: (value - base) / divisor each. */
    public FrameWriter integers(
        Column column, int width, int parameter, long[] values, int count, long base, long divisor) {
        int at = begin(column.id(), width, parameter, count, Math.multiplyExact(count, width));
        for (int row = 0; row < count; row++) {
            long value = values[row] - base;
            if (divisor != 1) value /= divisor;
            switch (width) {
                case 1 -> frame[at + row] = (byte) value;
                case 2 -> LittleEndian.put16(frame, at + 2 * row, (int) value);
                case 4 -> LittleEndian.put32(frame, at + 4 * row, (int) value);
                case 8 -> LittleEndian.put64(frame, at + 8 * row, value);
                default -> throw new IllegalArgumentException("width " + width);
            }
        }
        return this;
    }

    /** A dictionary with ends of 2 or 4 bytes. */
    public FrameWriter dictionary(Column column, int width, int[] ends, int count, byte[] entries) {
        int length = count == 0 ? 0 : ends[count - 1];
        int at = begin(column.id(), width, 0, count, Math.addExact(count * width, length));
        for (int row = 0; row < count; row++) {
            if (width == 2) LittleEndian.put16(frame, at + 2 * row, ends[row]);
            else LittleEndian.put32(frame, at + 4 * row, ends[row]);
        }
        System.arraycopy(entries, 0, frame, at + count * width, length);
        return this;
    }

    /** The frame, exactly as long as it must be; its header is empty. */
    public byte[] finish() {
        if (columnsWritten != columnCount) throw new IllegalStateException("a column is missing");
        return frame.length == end ? frame : Arrays.copyOf(frame, end);
    }
}
