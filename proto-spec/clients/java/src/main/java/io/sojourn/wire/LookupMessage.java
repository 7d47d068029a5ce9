package io.sojourn.wire;

import io.sojourn.model.Boundary;
import io.sojourn.model.Context;
import io.sojourn.model.ErrorCode;
import io.sojourn.model.KnownSession;
import io.sojourn.model.PathStep;
import io.sojourn.model.SessionState;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The question what is known of a visitor or a session, and its answer. See "LOOKUP". */
public final class LookupMessage {
    public static final int BY_VISITOR = 1;
    public static final int BY_SESSION = 2;

    private static final int REQUEST_BYTES = 8;
    private static final int REPLY_BYTES = 16;
    private static final int NO_BOUNDARY = 255;
    private static final List<Column> REPLY_COLUMNS =
        List.of(Column.TEXTS, Column.SESSIONS, Column.PATH);

    private LookupMessage() {}

    /** The frame of the question, without its header. */
    public static byte[] request(int by, byte[] key) {
        byte[] frame = new byte[Header.BYTES + REQUEST_BYTES + key.length];
        LittleEndian.put8(frame, Header.BYTES, by);
        LittleEndian.put16(frame, Header.BYTES + 2, key.length);
        System.arraycopy(key, 0, frame, Header.BYTES + REQUEST_BYTES, key.length);
        return frame;
    }

    public static Directory readDirectory(byte[] frame) throws FormatException {
        return Directory.read(frame, REPLY_BYTES, REPLY_COLUMNS, 0);
    }

    /** Reads the clock of an answer that {@link #readReply} takes. */
    public static long readClock(byte[] frame) {
        return LittleEndian.get64(frame, Header.BYTES + 8);
    }

    /** Reads the answer, behind a header that was judged. */
    public static List<KnownSession> readReply(byte[] frame) throws FormatException {
        Directory directory = readDirectory(frame);
        long count = LittleEndian.getUnsigned32(frame, Header.BYTES);
        if (count > 0) directory.requirePresent(Column.SESSIONS);
        directory.requireCount(Column.SESSIONS, count);
        directory.requireCountMax(Column.TEXTS, Limits.BATCH_TEXTS_MAX);
        directory.checkForms();
        String[] texts = Dictionary.texts(directory.get(Column.TEXTS));
        ColumnView sessions = directory.get(Column.SESSIONS);
        ColumnView path = directory.get(Column.PATH);
        // Both columns before anything is made of them; sessions stand before the path.
        for (int row = 0; row < count; row++) checkSession(sessions, row, texts.length, path);
        int steps = path == null ? 0 : (int) path.count();
        for (int row = 0; row < steps; row++) checkText(frame, path.start(row) + 4, texts.length);

        List<KnownSession> known = new ArrayList<>((int) count);
        for (int row = 0; row < count; row++) known.add(session(frame, sessions.start(row), texts, path));
        return List.copyOf(known);
    }

    private static void checkSession(ColumnView sessions, int row, int texts, ColumnView path)
        throws FormatException {
        byte[] frame = sessions.frame();
        int at = sessions.start(row);
        for (int cell = 72; cell < 112; cell += 4) checkText(frame, at + cell, texts);
        long end = LittleEndian.getUnsigned32(frame, at + 112) + LittleEndian.getUnsigned32(frame, at + 116);
        if (end > (path == null ? 0 : path.count())) {
            throw new FormatException(ErrorCode.INDEX_OUT_OF_RANGE, at + 112);
        }
    }

    private static void checkText(byte[] frame, int at, int texts) throws FormatException {
        if (LittleEndian.getUnsigned32(frame, at) > texts) {
            throw new FormatException(ErrorCode.INDEX_OUT_OF_RANGE, at);
        }
    }

    private static KnownSession session(byte[] frame, int at, String[] texts, ColumnView path) {
        String[] context = new String[Context.TEXTS];
        for (int cell = 0; cell < context.length; cell++) {
            context[cell] = text(frame, at + 72 + 4 * cell, texts);
        }
        int pathStart = LittleEndian.get32(frame, at + 112);
        int pathLength = LittleEndian.get32(frame, at + 116);
        List<PathStep> steps = new ArrayList<>(pathLength);
        for (int row = pathStart; row < pathStart + pathLength; row++) {
            int step = path.start(row);
            steps.add(new PathStep(LittleEndian.getUnsigned32(frame, step), text(frame, step + 4, texts)));
        }
        int boundaryOut = LittleEndian.get8(frame, at + 69);
        return new KnownSession(
            readUuid(frame, at), LittleEndian.getUnsigned32(frame, at + 48),
            LittleEndian.get64(frame, at + 16), LittleEndian.get64(frame, at + 24),
            LittleEndian.get64(frame, at + 32), LittleEndian.get64(frame, at + 40),
            LittleEndian.getUnsigned32(frame, at + 52), LittleEndian.getUnsigned32(frame, at + 56),
            LittleEndian.getUnsigned32(frame, at + 60), LittleEndian.getUnsigned32(frame, at + 64),
            new SessionState(LittleEndian.get8(frame, at + 68)),
            boundaryOut == NO_BOUNDARY ? null : new Boundary(boundaryOut),
            Context.ofTexts(context, false), text(frame, at + 104, texts), text(frame, at + 108, texts),
            List.copyOf(steps), LittleEndian.get64(frame, at + 120));
    }

    private static String text(byte[] frame, int at, String[] texts) {
        int index = LittleEndian.get32(frame, at);
        return index == 0 ? null : texts[index - 1];
    }

    /** The UUID at a place of the frame: its bytes are in network order. */
    static UUID readUuid(byte[] frame, int at) {
        ByteBuffer buffer = ByteBuffer.wrap(frame, at, 16);
        return new UUID(buffer.getLong(), buffer.getLong());
    }
}
