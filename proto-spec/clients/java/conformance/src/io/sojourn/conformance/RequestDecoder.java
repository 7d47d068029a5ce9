package io.sojourn.conformance;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.sojourn.model.ErrorCode;
import io.sojourn.model.EventKind;
import io.sojourn.wire.Column;
import io.sojourn.wire.ColumnView;
import io.sojourn.wire.Dictionary;
import io.sojourn.wire.Directory;
import io.sojourn.wire.FormatException;
import io.sojourn.wire.Header;
import io.sojourn.wire.Limits;
import io.sojourn.wire.LittleEndian;
import io.sojourn.wire.Utf8;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/** Reads requests as a server does, into the form of the golden messages. */
final class RequestDecoder {
    static final List<String> ATTRIBUTES =
        List.of(
            "device", "channel", "country", "region", "referrer", "campaignSource", "campaignMedium",
            "campaignName");

    private static final int BODY = Header.BYTES;
    private static final List<Column> ASSIGN_COLUMNS =
        List.of(
            Column.TIME, Column.KIND, Column.VISITOR, Column.VISITOR_KEYS, Column.NAME, Column.TEXTS,
            Column.TEXT_PREFIXES, Column.CONTEXT, Column.CONTEXTS, Column.VALUE, Column.EVENT_ID);
    private static final List<Column> REQUIRED =
        List.of(Column.TIME, Column.KIND, Column.VISITOR, Column.VISITOR_KEYS);
    private static final Set<Column> PER_EVENT =
        Set.of(
            Column.TIME, Column.KIND, Column.VISITOR, Column.NAME, Column.CONTEXT, Column.VALUE,
            Column.EVENT_ID);

    private RequestDecoder() {}

    static JsonObject decode(Header header, byte[] frame) throws FormatException {
        return switch (header.operation()) {
            case HELLO -> hello(frame);
            case ASSIGN -> assign(frame);
            case LOOKUP -> lookup(frame);
            case STATUS -> status(frame);
            case ERROR -> throw new FormatException(ErrorCode.UNEXPECTED_REPLY);
        };
    }

    private static JsonObject hello(byte[] frame) throws FormatException {
        if (frame.length < BODY + 24) throw new FormatException(ErrorCode.TRUNCATED_BODY, frame.length);
        int lowest = LittleEndian.get8(frame, BODY);
        int highest = LittleEndian.get8(frame, BODY + 1);
        int length = LittleEndian.get16(frame, BODY + 2);
        int end = BODY + 24 + length;
        if (frame.length < end) throw new FormatException(ErrorCode.TRUNCATED_BODY, frame.length);
        boolean isRange = lowest <= highest;
        if (isRange && (lowest > 1 || highest < 1)) {
            throw new FormatException(ErrorCode.UNSUPPORTED_VERSION, BODY);
        }
        if (frame.length > end) throw new FormatException(ErrorCode.TRAILING_BYTES, end);
        if (!isRange) throw new FormatException(ErrorCode.BAD_NAME, BODY);
        if (length > Limits.CLIENT_NAME_BYTES_MAX) throw new FormatException(ErrorCode.BAD_NAME, BODY + 2);
        JsonObject body = new JsonObject();
        body.addProperty("lowest_version", lowest);
        body.addProperty("highest_version", highest);
        body.addProperty("features", LittleEndian.getUnsigned32(frame, BODY + 4));
        body.addProperty("deployment", HexFormat.of().formatHex(frame, BODY + 8, BODY + 24));
        body.addProperty("name", Utf8.decode(frame, BODY + 24, length, ErrorCode.BAD_NAME, BODY + 24));
        return body;
    }

    private static JsonObject lookup(byte[] frame) throws FormatException {
        if (frame.length < BODY + 8) throw new FormatException(ErrorCode.TRUNCATED_BODY, frame.length);
        int by = LittleEndian.get8(frame, BODY);
        int length = LittleEndian.get16(frame, BODY + 2);
        int end = BODY + 8 + length;
        if (frame.length < end) throw new FormatException(ErrorCode.TRUNCATED_BODY, frame.length);
        if (frame[BODY + 1] != 0) throw new FormatException(ErrorCode.BODY_RESERVED_NOT_ZERO, BODY + 1);
        if (LittleEndian.get32(frame, BODY + 4) != 0) {
            throw new FormatException(ErrorCode.BODY_RESERVED_NOT_ZERO, BODY + 4);
        }
        if (frame.length > end) throw new FormatException(ErrorCode.TRAILING_BYTES, end);
        if (by == 1 && (length < 1 || length > Limits.VISITOR_KEY_BYTES_MAX)) {
            throw new FormatException(ErrorCode.BAD_KEY_LENGTH, BODY + 2);
        }
        if (by != 1 && by != 2) throw new FormatException(ErrorCode.BAD_LOOKUP, BODY);
        if (by == 2 && length != 16) throw new FormatException(ErrorCode.BAD_LOOKUP, BODY + 2);
        JsonObject body = new JsonObject();
        body.addProperty("by", by == 1 ? "visitor" : "session");
        body.addProperty("key", HexFormat.of().formatHex(frame, BODY + 8, end));
        return body;
    }

    private static JsonObject status(byte[] frame) throws FormatException {
        if (frame.length > BODY) throw new FormatException(ErrorCode.TRAILING_BYTES, BODY);
        return new JsonObject();
    }

    private static JsonObject assign(byte[] frame) throws FormatException {
        Directory directory = Directory.read(frame, 16, ASSIGN_COLUMNS, Limits.BATCH_EVENTS_MAX);
        int count = LittleEndian.get32(frame, BODY);
        checkColumns(directory, count);
        ColumnView keys = directory.get(Column.VISITOR_KEYS);
        Dictionary.checkLengths(keys, null, ErrorCode.BAD_KEY_LENGTH, Limits.VISITOR_KEY_BYTES_MAX);
        Texts texts = Texts.read(directory.get(Column.TEXTS), directory.get(Column.TEXT_PREFIXES));
        checkKinds(directory, count);
        checkIndexes(directory, texts);
        long[] times = times(directory, frame, count);
        checkScale(directory);
        return content(directory, frame, texts, times);
    }

    private static void checkColumns(Directory directory, int count) throws FormatException {
        for (Column column : REQUIRED) directory.requirePresent(column);
        if (directory.get(Column.TEXT_PREFIXES) != null) directory.requirePresent(Column.TEXTS);
        for (Column column : PER_EVENT) directory.requireCount(column, count);
        if (directory.get(Column.TEXTS) != null) {
            directory.requireCount(Column.TEXT_PREFIXES, directory.get(Column.TEXTS).count());
        }
        directory.requireCountMax(Column.TEXTS, Limits.BATCH_TEXTS_MAX);
        directory.requireCountMax(Column.VISITOR_KEYS, Limits.BATCH_EVENTS_MAX);
        directory.requireCountMax(Column.CONTEXTS, Limits.BATCH_CONTEXTS_MAX);
        directory.checkForms();
    }

    private static void checkKinds(Directory directory, int count) throws FormatException {
        ColumnView kinds = directory.get(Column.KIND);
        for (int row = 0; row < count; row++) {
            if (EventKind.of((int) kinds.unsigned(row)) == null) {
                throw new FormatException(ErrorCode.BAD_KIND, kinds.start(row));
            }
        }
    }

    /** In ascending order of columns, so that the first fault found is the one with the lowest offset. */
    private static void checkIndexes(Directory directory, Texts texts) throws FormatException {
        long textCount = directory.get(Column.TEXTS) == null ? 0 : directory.get(Column.TEXTS).count();
        ColumnView contexts = directory.get(Column.CONTEXTS);
        long rows = contexts == null ? 0 : contexts.count() / contexts.parameter();
        checkIndexes(directory.get(Column.VISITOR), directory.get(Column.VISITOR_KEYS).count() - 1, 0);
        checkIndexes(directory.get(Column.NAME), textCount, 0);
        if (texts.badPrefix() >= 0) {
            throw new FormatException(ErrorCode.INDEX_OUT_OF_RANGE, texts.badPrefix());
        }
        checkIndexes(directory.get(Column.CONTEXT), rows, 0);
        checkIndexes(contexts, textCount, contexts == null ? 0 : contexts.parameter());
    }

    /** @param stride of rows that begin with eight indexes; 0 when all elements are indexes */
    private static void checkIndexes(ColumnView view, long greatest, int stride) throws FormatException {
        if (view == null) return;
        for (int row = 0; row < view.count(); row++) {
            boolean isIndex = stride == 0 || row % stride < ATTRIBUTES.size();
            if (isIndex && view.unsigned(row) > greatest) {
                throw new FormatException(ErrorCode.INDEX_OUT_OF_RANGE, view.start(row));
            }
        }
    }

    private static long[] times(Directory directory, byte[] frame, int count) throws FormatException {
        ColumnView view = directory.get(Column.TIME);
        long base = LittleEndian.get64(frame, BODY + 8);
        long[] times = new long[count];
        for (int row = 0; row < count; row++) {
            long delta = view.unsigned(row);
            times[row] = base + delta;
            boolean overflows = ((base ^ times[row]) & (delta ^ times[row])) < 0;
            if (overflows || times[row] < 0 || times[row] >= Limits.EVENT_TIME_END) {
                throw new FormatException(ErrorCode.TIME_OUT_OF_RANGE, view.start(row));
            }
        }
        return times;
    }

    private static void checkScale(Directory directory) throws FormatException {
        ColumnView view = directory.get(Column.VALUE);
        if (view != null && view.parameter() > (view.width() == 8 ? 0 : Limits.VALUE_SCALE_MAX)) {
            throw new FormatException(ErrorCode.BAD_SCALE, view.descriptor() + 2L);
        }
    }

    private static JsonObject content(Directory directory, byte[] frame, Texts texts, long[] times) {
        JsonObject encoding = Encoding.describe(directory);
        List<String> keys = keys(directory.get(Column.VISITOR_KEYS));
        encoding.add("visitor_keys", Json.array(keys));
        if (directory.get(Column.TEXTS) != null) encoding.add("texts", Json.array(texts.all()));
        List<JsonObject> contexts = contexts(directory.get(Column.CONTEXTS), texts, false);
        if (directory.get(Column.CONTEXTS) != null) {
            JsonArray rows = new JsonArray();
            contexts(directory.get(Column.CONTEXTS), texts, true).forEach(rows::add);
            encoding.add("contexts", rows);
        }
        JsonArray events = new JsonArray();
        for (int row = 0; row < times.length; row++) {
            JsonObject event = new JsonObject();
            event.addProperty("time", Long.toString(times[row]));
            int kind = (int) directory.get(Column.KIND).unsigned(row);
            event.addProperty("kind", EventKind.of(kind).name().toLowerCase());
            event.addProperty("visitor", keys.get((int) directory.get(Column.VISITOR).unsigned(row)));
            Json.addText(event, "name", texts.numbered(element(directory, Column.NAME, row)));
            int context = (int) element(directory, Column.CONTEXT, row);
            if (context != 0) event.add("context", contexts.get(context - 1));
            ColumnView values = directory.get(Column.VALUE);
            if (values != null && values.signed(row) != 0) {
                long value = values.signed(row) * (long) Math.pow(10, values.parameter());
                event.addProperty("value", Long.toString(value));
            }
            long id = element(directory, Column.EVENT_ID, row);
            if (id != 0) event.addProperty("event_id", Long.toUnsignedString(id));
            events.add(event);
        }
        JsonObject body = new JsonObject();
        body.addProperty("base_time", Long.toString(LittleEndian.get64(frame, BODY + 8)));
        body.add("events", events);
        body.add("encoding", encoding);
        return body;
    }

    private static long element(Directory directory, Column column, int row) {
        ColumnView view = directory.get(column);
        return view == null ? 0 : view.unsigned(row);
    }

    private static List<String> keys(ColumnView view) {
        List<String> keys = new ArrayList<>();
        int at = view.entriesStart();
        for (int row = 0; row < view.count(); row++) {
            int end = view.entriesStart() + (int) view.end(row);
            keys.add(HexFormat.of().formatHex(view.frame(), at, end));
            at = end;
        }
        return keys;
    }

    private static List<JsonObject> contexts(ColumnView view, Texts texts, boolean withExtra) {
        List<JsonObject> contexts = new ArrayList<>();
        int stride = view == null ? 0 : view.parameter();
        for (int row = 0; view != null && row < view.count(); row += stride) {
            JsonObject context = new JsonObject();
            for (int cell = 0; cell < ATTRIBUTES.size(); cell++) {
                Json.addText(context, ATTRIBUTES.get(cell), texts.numbered(view.unsigned(row + cell)));
            }
            if ((view.unsigned(row + ATTRIBUTES.size()) & 1) != 0) context.addProperty("knownBot", true);
            if (withExtra && stride > Limits.CONTEXT_CELLS) {
                JsonArray extra = new JsonArray();
                for (int cell = Limits.CONTEXT_CELLS; cell < stride; cell++) {
                    extra.add(view.unsigned(row + cell));
                }
                context.add("extra", extra);
            }
            contexts.add(context);
        }
        return contexts;
    }
}
