package io.sojourn.wire;

/** A column where it stands in a frame. Its elements may be read once {@link Directory} has judged it. */
public final class ColumnView {
    private final byte[] frame;
    private final int descriptor;
    private final Column column;

    ColumnView(byte[] frame, int descriptor, Column column) {
        this.frame = frame;
        this.descriptor = descriptor;
        this.column = column;
    }

    /** The frame that the column stands in. */
    public byte[] frame() {
        return frame;
    }

    /** Null when this kind of message does not define the column. */
    public Column column() {
        return column;
    }

    public int id() {
        return LittleEndian.get8(frame, descriptor);
    }

    public int width() {
        return LittleEndian.get8(frame, descriptor + 1);
    }

    public int parameter() {
        return LittleEndian.get16(frame, descriptor + 2);
    }

    public long count() {
        return LittleEndian.getUnsigned32(frame, descriptor + 4);
    }

    /** From the start of the body. */
    public long offset() {
        return LittleEndian.getUnsigned32(frame, descriptor + 8);
    }

    public long length() {
        return LittleEndian.getUnsigned32(frame, descriptor + 12);
    }

    /** Where the descriptor begins in the frame. */
    public int descriptor() {
        return descriptor;
    }

    /** Where the column begins in the frame. */
    public int start() {
        return Header.BYTES + (int) offset();
    }

    /** Where an element begins in the frame. */
    public int start(int row) {
        boolean isBlock = width() == 0;
        return start() + row * (isBlock ? parameter() : width());
    }

    /** One integer, unsigned (but for 8 bytes, which are as they are). */
    public long unsigned(int row) {
        int width = width();
        int at = start() + row * width;
        return switch (width) {
            case 1 -> LittleEndian.get8(frame, at);
            case 2 -> LittleEndian.get16(frame, at);
            case 4 -> LittleEndian.getUnsigned32(frame, at);
            default -> LittleEndian.get64(frame, at);
        };
    }

    /** One integer, signed. */
    public long signed(int row) {
        int spare = 64 - 8 * width();
        return unsigned(row) << spare >> spare;
    }

    /** All integers of up to 4 bytes; those of 4 bytes are unsigned and may show as negative. */
    public int[] integers() {
        int[] integers = new int[(int) count()];
        int at = start();
        switch (width()) {
            case 1 -> {
                for (int row = 0; row < integers.length; row++) integers[row] = frame[at + row] & 0xFF;
            }
            case 2 -> {
                for (int row = 0; row < integers.length; row++) {
                    integers[row] = LittleEndian.get16(frame, at + 2 * row);
                }
            }
            default -> {
                for (int row = 0; row < integers.length; row++) {
                    integers[row] = LittleEndian.get32(frame, at + 4 * row);
                }
            }
        }
        return integers;
    }

    /** Of a dictionary: where the bytes of the entries begin in the frame. */
    public int entriesStart() {
        return start() + (int) count() * width();
    }

    /** Of a dictionary: how many entry bytes there are up to and with this entry. */
    public long end(int row) {
        return width() == 0 ? (row + 1L) * parameter() : unsigned(row);
    }

    /** Of a dictionary: what a fault in the length of an entry points at. */
    public int endOffset(int row) {
        return width() == 0 ? descriptor + 2 : start() + row * width();
    }
}
