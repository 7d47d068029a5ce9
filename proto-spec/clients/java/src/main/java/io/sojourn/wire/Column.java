package io.sojourn.wire;

/** The columns of all messages, with their forms. See "Column registry". */
public enum Column {
    TIME(1, Form.INTEGERS, 4, 8),
    KIND(2, Form.INTEGERS, 1),
    VISITOR(3, Form.INTEGERS, 1, 2, 4),
    VISITOR_KEYS(4, Form.DICTIONARY, 0, 2, 4),
    NAME(5, Form.INTEGERS, 1, 2, 4),
    TEXTS(6, Form.DICTIONARY, 0, 2, 4),
    TEXT_PREFIXES(7, Form.INTEGERS, 1),
    CONTEXT(8, Form.INTEGERS, 1, 2, 4),
    CONTEXTS(9, Form.ROWS, 1, 2, 4),
    VALUE(10, Form.SCALED, 1, 2, 4, 8),
    EVENT_ID(11, Form.INTEGERS, 8),
    SESSION_ID(32, 16),
    SESSION_SHIFT(33, Form.INTEGERS, 1, 2, 4, 8),
    ORDINAL(34, Form.INTEGERS, 1, 2, 4),
    SESSION_STATE(35, Form.INTEGERS, 1),
    SESSION(36, Form.INTEGERS, 1, 2, 4),
    POSITION(37, Form.INTEGERS, 1, 2, 4),
    OUTCOME(38, Form.INTEGERS, 1),
    REVISION_NUMBER(39, Form.INTEGERS, 8),
    REVISION_FROM(40, 16),
    REVISION_INTO(41, 16),
    REVISION_CAUSE(42, Form.INTEGERS, 1),
    REVISION_PARTITION(43, Form.INTEGERS, 2),
    SESSIONS(64, 128),
    PATH(65, 8),
    GAUGES(96, Form.INTEGERS, 8);

    /** What the width, the parameter and the length of a descriptor mean. */
    public enum Form {
        /** Integers; the parameter is zero. */
        INTEGERS,
        /** Integers times ten to the power of the parameter. */
        SCALED,
        /** Integers, in rows of as many as the parameter says. */
        ROWS,
        /** Records of as many bytes as the parameter says. */
        RECORDS,
        /** Entries of as many bytes as the parameter says, or ends and then entries. */
        DICTIONARY
    }

    private final int id;
    private final Form form;
    private final int widths;
    private final int recordBytes;

    Column(int id, Form form, int... widths) {
        this.id = id;
        this.form = form;
        int bits = 0;
        for (int width : widths) bits |= 1 << width;
        this.widths = bits;
        this.recordBytes = 0;
    }

    Column(int id, int recordBytes) {
        this.id = id;
        this.form = Form.RECORDS;
        this.widths = 1;
        this.recordBytes = recordBytes;
    }

    public int id() {
        return id;
    }

    public Form form() {
        return form;
    }

    /** Bytes that a record has at least; 0 for what has no records. */
    public int recordBytes() {
        return recordBytes;
    }

    boolean allowsWidth(int width) {
        return width <= 8 && (widths >> width & 1) != 0;
    }

    boolean allowsParameter(int width) {
        return form != Form.INTEGERS && !(form == Form.DICTIONARY && width != 0);
    }
}
