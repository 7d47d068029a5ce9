package io.sojourn.wire;

import io.sojourn.model.AssignedSession;
import io.sojourn.model.Assignment;
import io.sojourn.model.ErrorCode;
import io.sojourn.model.Outcome;
import io.sojourn.model.Revision;
import io.sojourn.model.RevisionCause;
import io.sojourn.model.SessionState;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The answer to a batch, read from its columns. See "ASSIGN", "Reply". */
public final class AssignReply {
    /** The clock of a property that had no event before. */
    public static final long NO_CLOCK = Long.MIN_VALUE;

    private static final int BYTES = 24;
    private static final List<Column> SESSION_COLUMNS =
        List.of(Column.SESSION_ID, Column.SESSION_SHIFT, Column.ORDINAL, Column.SESSION_STATE);
    private static final List<Column> EVENT_COLUMNS =
        List.of(Column.SESSION, Column.POSITION, Column.OUTCOME);
    private static final List<Column> REVISION_COLUMNS =
        List.of(
            Column.REVISION_NUMBER, Column.REVISION_FROM, Column.REVISION_INTO, Column.REVISION_CAUSE,
            Column.REVISION_PARTITION);
    private static final List<Column> COLUMNS = new ArrayList<>();
    private static final Outcome[] OUTCOMES = new Outcome[256];

    static {
        COLUMNS.addAll(SESSION_COLUMNS);
        COLUMNS.addAll(EVENT_COLUMNS);
        COLUMNS.addAll(REVISION_COLUMNS);
        for (int code = 0; code < OUTCOMES.length; code++) OUTCOMES[code] = new Outcome(code);
    }

    private final long clock;
    private final List<AssignedSession> sessions;
    private final List<Revision> revisions;
    /** Per event: row of the session plus one. */
    private final int[] session;
    private final int[] position;
    private final int[] outcome;

    private AssignReply(
        Directory directory, byte[] frame, int[] rows, int sessionCount, int revisionCount) {
        clock = LittleEndian.get64(frame, Header.BYTES + 16);
        sessions = readSessions(directory, sessionCount);
        revisions = readRevisions(directory, revisionCount);
        session = rows;
        position = integers(directory.get(Column.POSITION));
        outcome = integers(directory.get(Column.OUTCOME));
    }

    public static Directory readDirectory(byte[] frame) throws FormatException {
        return Directory.read(frame, BYTES, COLUMNS, 0);
    }

    /** Reads the answer, behind a header that was judged. */
    public static AssignReply read(byte[] frame) throws FormatException {
        Directory directory = readDirectory(frame);
        long events = LittleEndian.getUnsigned32(frame, Header.BYTES);
        long sessions = LittleEndian.getUnsigned32(frame, Header.BYTES + 8);
        long revisions = LittleEndian.getUnsigned32(frame, Header.BYTES + 12);
        require(directory, SESSION_COLUMNS, sessions);
        require(directory, EVENT_COLUMNS, events);
        require(directory, REVISION_COLUMNS, revisions);
        directory.checkForms();
        int[] rows = integers(directory.get(Column.SESSION));
        for (int event = 0; event < rows.length; event++) {
            if (Integer.toUnsignedLong(rows[event]) > sessions) {
                throw new FormatException(
                    ErrorCode.INDEX_OUT_OF_RANGE, directory.get(Column.SESSION).start(event));
            }
        }
        return new AssignReply(directory, frame, rows, (int) sessions, (int) revisions);
    }

    private static void require(Directory directory, List<Column> columns, long count)
        throws FormatException {
        for (Column column : columns) {
            if (count > 0 && column != Column.SESSION_SHIFT) directory.requirePresent(column);
            directory.requireCount(column, count);
        }
    }

    private static int[] integers(ColumnView view) {
        return view == null ? new int[0] : view.integers();
    }

    private static List<AssignedSession> readSessions(Directory directory, int count) {
        List<AssignedSession> sessions = new ArrayList<>(count);
        ColumnView ids = directory.get(Column.SESSION_ID);
        ColumnView shifts = directory.get(Column.SESSION_SHIFT);
        ColumnView ordinals = directory.get(Column.ORDINAL);
        ColumnView states = directory.get(Column.SESSION_STATE);
        for (int row = 0; row < count; row++) {
            UUID id = LookupMessage.readUuid(ids.frame(), ids.start(row));
            long start = (id.getMostSignificantBits() >>> 16) - (shifts == null ? 0 : shifts.unsigned(row));
            sessions.add(
                new AssignedSession(
                    id, start, ordinals.unsigned(row), new SessionState((int) states.unsigned(row))));
        }
        return List.copyOf(sessions);
    }

    private static List<Revision> readRevisions(Directory directory, int count) {
        List<Revision> revisions = new ArrayList<>(count);
        for (int row = 0; row < count; row++) {
            ColumnView from = directory.get(Column.REVISION_FROM);
            ColumnView into = directory.get(Column.REVISION_INTO);
            revisions.add(
                new Revision(
                    directory.get(Column.REVISION_NUMBER).unsigned(row),
                    LookupMessage.readUuid(from.frame(), from.start(row)),
                    LookupMessage.readUuid(into.frame(), into.start(row)),
                    new RevisionCause((int) directory.get(Column.REVISION_CAUSE).unsigned(row)),
                    (int) directory.get(Column.REVISION_PARTITION).unsigned(row)));
        }
        return List.copyOf(revisions);
    }

    /** The property's clock when the batch was admitted, or {@link #NO_CLOCK}. */
    public long clock() {
        return clock;
    }

    /** Sessions touched, as they stood after the batch. */
    public List<AssignedSession> sessions() {
        return sessions;
    }

    /** Corrections of earlier answers. */
    public List<Revision> revisions() {
        return revisions;
    }

    /** How many events. */
    public int size() {
        return session.length;
    }

    /** Row of the event's session in {@link #sessions}; -1 for none. */
    public int sessionRow(int event) {
        return session[event] - 1;
    }

    public Assignment assignment(int event) {
        int row = sessionRow(event);
        return new Assignment(
            row < 0 ? null : sessions.get(row), Integer.toUnsignedLong(position[event]),
            OUTCOMES[outcome[event]]);
    }
}
