package io.sojourn.wire;

import io.sojourn.model.ServerStatus;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The question how a server is, and its answer. See "STATUS". */
public final class StatusMessage {
    private static final int REPLY_BYTES = 16;
    private static final List<Column> REPLY_COLUMNS = List.of(Column.TEXTS, Column.GAUGES);

    private StatusMessage() {}

    /** The frame of the question, without its header. */
    public static byte[] request() {
        return new byte[Header.BYTES];
    }

    public static Directory readDirectory(byte[] frame) throws FormatException {
        return Directory.read(frame, REPLY_BYTES, REPLY_COLUMNS, 0);
    }

    /** Reads the answer, behind a header that was judged. */
    public static ServerStatus readReply(byte[] frame) throws FormatException {
        Directory directory = readDirectory(frame);
        long count = LittleEndian.getUnsigned32(frame, Header.BYTES);
        for (Column column : REPLY_COLUMNS) {
            if (count > 0) directory.requirePresent(column);
            directory.requireCount(column, count);
        }
        directory.requireCountMax(Column.TEXTS, Limits.BATCH_TEXTS_MAX);
        directory.checkForms();
        String[] names = Dictionary.texts(directory.get(Column.TEXTS));
        Map<String, Long> gauges = new LinkedHashMap<>();
        for (int row = 0; row < names.length; row++) {
            gauges.put(names[row], directory.get(Column.GAUGES).signed(row));
        }
        return new ServerStatus(
            LittleEndian.get64(frame, Header.BYTES + 8), Collections.unmodifiableMap(gauges));
    }
}
