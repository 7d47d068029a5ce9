package io.sojourn.client;

import io.sojourn.model.BadUseException;
import io.sojourn.model.Context;
import io.sojourn.model.Event;
import io.sojourn.model.EventKind;
import io.sojourn.model.SojournException.Kind;
import io.sojourn.model.VisitorKey;
import io.sojourn.wire.Column;
import io.sojourn.wire.FrameWriter;
import io.sojourn.wire.Header;
import io.sojourn.wire.Limits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Events to be sent together, kept in columns. There are two ways to fill one: {@link #add(Event)}, and for
 * those who count nanoseconds {@link #visitor}, {@link #text}, {@link #context} and the long {@code add}.
 *
 * <p>A batch may be cleared and filled again as soon as it was handed to a client. It is not safe for
 * use by several threads at once.
 */
public final class Batch {
    private static final int FIXED_BYTES = 16;

    private int count;
    private long[] times;
    private byte[] kinds;
    private int[] visitors;
    private int[] names;
    private int[] contexts;
    private long[] values;
    private long[] ids;
    private boolean hasNames;
    private boolean hasContexts;
    private boolean hasValues;
    private boolean hasIds;
    private int textsWritten;

    private final KeyDictionary keys = new KeyDictionary();
    private final TextDictionary texts = new TextDictionary();
    private final Map<Context, Integer> contextNumbers = new HashMap<>();
    private final List<Context> contextRows = new ArrayList<>();
    private byte[] scratch = new byte[VisitorKey.BYTES_MAX];

    public Batch() {
        this(1_024);
    }

    /** @param capacity events for which there is room at once */
    public Batch(int capacity) {
        resize(Math.max(1, capacity));
    }

    public static Batch of(Iterable<Event> events) {
        Batch batch = new Batch();
        for (Event event : events) batch.add(event);
        return batch;
    }

    private void resize(int capacity) {
        times = times == null ? new long[capacity] : Arrays.copyOf(times, capacity);
        kinds = kinds == null ? new byte[capacity] : Arrays.copyOf(kinds, capacity);
        visitors = visitors == null ? new int[capacity] : Arrays.copyOf(visitors, capacity);
        names = names == null ? new int[capacity] : Arrays.copyOf(names, capacity);
        contexts = contexts == null ? new int[capacity] : Arrays.copyOf(contexts, capacity);
        values = values == null ? new long[capacity] : Arrays.copyOf(values, capacity);
        ids = ids == null ? new long[capacity] : Arrays.copyOf(ids, capacity);
    }

    /** How many events. */
    public int size() {
        return count;
    }

    public boolean isEmpty() {
        return count == 0;
    }

    /** Forgets all events; the room for them stays. */
    public void clear() {
        count = 0;
        hasNames = hasContexts = hasValues = hasIds = false;
        keys.clear();
        texts.clear();
        contextNumbers.clear();
        contextRows.clear();
    }

    /** @throws BadUseException when a text is empty or too long, or the batch is full */
    public void add(Event event) {
        VisitorKey key = event.visitor();
        requireRoom();
        key.copyTo(scratch, 0);
        int name = text(event.name());
        int context = context(event.context());
        add(
            event.kind(), event.timeMilliseconds(), keys.row(scratch, 0, key.length()), name, context,
            event.valueMicroUnits(), event.id());
    }

    /**
     * The row of a visitor, for the long {@code add}.
     *
     * @throws BadUseException when the key has not 1 to 128 bytes
     */
    public int visitor(byte[] key) {
        return visitor(key, 0, key.length);
    }

    /** The row of a visitor whose key is a part of an array. */
    public int visitor(byte[] bytes, int start, int length) {
        VisitorKey.check(length);
        Objects.checkFromIndexSize(start, length, bytes.length);
        return keys.row(bytes, start, length);
    }

    /**
     * The number of a text, for the long {@code add}; 0 for null.
     *
     * @throws BadUseException when the text is empty, too long, or no Unicode text
     */
    public int text(String text) {
        return texts.number(text);
    }

    /**
     * The number of a context, for the long {@code add}; 0 for null.
     *
     * @throws BadUseException when a text is empty, too long, or no Unicode text
     */
    public int context(Context context) {
        if (context == null) return 0;
        Integer known = contextNumbers.get(context);
        if (known != null) return known;
        for (int cell = 0; cell < Context.TEXTS; cell++) {
            if (context.text(cell) != null) TextDictionary.check(context.text(cell));
        }
        contextRows.add(context);
        contextNumbers.put(context, contextRows.size());
        return contextRows.size();
    }

    /**
     * Adds an event whose visitor, name and context this batch has numbered since it was made or cleared.
     *
     * @param timeMilliseconds since the Unix epoch
     * @param visitor from {@link #visitor}
     * @param name from {@link #text}; 0 for none
     * @param context from {@link #context}; 0 for none
     * @param valueMicroUnits in millionths
     * @param id the sender's id of the event; 0 for none
     */
    public void add(
        EventKind kind, long timeMilliseconds, int visitor, int name, int context, long valueMicroUnits,
        long id) {
        requireRoom();
        Event.checkTime(timeMilliseconds);
        Objects.checkIndex(visitor, keys.count());
        Objects.checkIndex(name, texts.count() + 1);
        Objects.checkIndex(context, contextRows.size() + 1);
        if (count == times.length) resize(2 * count);
        times[count] = timeMilliseconds;
        kinds[count] = (byte) kind.code();
        visitors[count] = visitor;
        names[count] = name;
        contexts[count] = context;
        values[count] = valueMicroUnits;
        ids[count] = id;
        hasNames |= name != 0;
        hasContexts |= context != 0;
        hasValues |= valueMicroUnits != 0;
        hasIds |= id != 0;
        count++;
    }

    private void requireRoom() {
        if (count == Limits.BATCH_EVENTS_MAX) {
            throw tooLarge("events", count + 1L, Limits.BATCH_EVENTS_MAX);
        }
    }

    static BadUseException tooLarge(String what, long is, long max) {
        return new BadUseException(
            Kind.BATCH_TOO_LARGE, "a batch has at most " + max + " " + what + ", not " + is);
    }

    /** Different texts that the last {@link #encode} wrote, with those of contexts. */
    int textCount() {
        return textsWritten;
    }

    /** Different contexts. */
    int contextCount() {
        return contextRows.size();
    }

    /**
     * The frame of the batch with the header given.
     *
     * @throws BadUseException when the batch is empty or too large
     */
    public byte[] encode(Header header) {
        byte[] frame = encode();
        header.seal(frame);
        return frame;
    }

    /** The frame without its header. */
    byte[] encode() {
        if (count == 0) throw new BadUseException(Kind.EMPTY_BATCH, "a batch has at least one event");
        int ownTexts = texts.count();
        try {
            int[] cells = hasContexts ? contextCells() : null;
            requireAtMost("different texts", texts.count(), Limits.BATCH_TEXTS_MAX);
            requireAtMost("bytes of texts", texts.byteCount(), Limits.BATCH_TEXT_BYTES_MAX);
            requireAtMost("different contexts", contextRows.size(), Limits.BATCH_CONTEXTS_MAX);
            textsWritten = texts.count();
            byte[] frame = write(cells);
            requireAtMost("bytes", frame.length, Limits.MESSAGE_BYTES_MAX);
            return frame;
        } finally {
            texts.shorten(ownTexts);
        }
    }

    private static void requireAtMost(String what, long is, long max) {
        if (is > max) throw tooLarge(what, is, max);
    }

    private int[] contextCells() {
        int[] cells = new int[contextRows.size() * Limits.CONTEXT_CELLS];
        int at = 0;
        for (Context context : contextRows) {
            for (int cell = 0; cell < Context.TEXTS; cell++) cells[at++] = texts.number(context.text(cell));
            cells[at++] = context.isKnownBot() ? 1 : 0;
        }
        return cells;
    }

    private byte[] write(int[] cells) {
        boolean hasTexts = texts.count() > 0;
        int[] prefixes = hasTexts ? texts.prefixes() : null;
        int columns = 4 + (hasNames ? 1 : 0) + (hasTexts ? 1 : 0) + (prefixes != null ? 1 : 0)
            + (hasContexts ? 2 : 0) + (hasValues ? 1 : 0) + (hasIds ? 1 : 0);
        int bytes = 16 * count + keys.byteCount() + 4 * keys.count() + texts.byteCount() + 4 * texts.count();
        FrameWriter writer = new FrameWriter(FIXED_BYTES, columns, bytes);

        long base = Long.MAX_VALUE;
        long last = 0;
        for (int row = 0; row < count; row++) {
            base = Math.min(base, times[row]);
            last = Math.max(last, times[row]);
        }
        writer.fixed32(0, count).fixed64(8, base);
        int timeWidth = last - base <= 0xFFFF_FFFFL ? 4 : 8;
        writer.integers(Column.TIME, timeWidth, 0, times, count, base, 1);
        writer.bytes(Column.KIND.id(), 1, 0, count, kinds, count);
        writer.integers(Column.VISITOR, Widths.ofIndex(keys.count() - 1), 0, visitors, count);
        writeKeys(writer);
        if (hasNames) writer.integers(Column.NAME, Widths.ofIndex(texts.count()), 0, names, count);
        if (hasTexts) texts.write(writer, prefixes);
        if (hasContexts) {
            int width = Widths.ofIndex(contextRows.size());
            writer.integers(Column.CONTEXT, width, 0, contexts, count);
            width = Widths.ofIndex(texts.count());
            writer.integers(Column.CONTEXTS, width, Limits.CONTEXT_CELLS, cells, cells.length);
        }
        if (hasValues) writeValues(writer);
        if (hasIds) writer.integers(Column.EVENT_ID, 8, 0, ids, count, 0, 1);
        return writer.finish();
    }

    private void writeKeys(FrameWriter writer) {
        if (keys.oneSize() > 0) {
            writer.bytes(
                Column.VISITOR_KEYS.id(), 0, keys.oneSize(), keys.count(), keys.bytes(), keys.byteCount());
        } else {
            int width = Widths.ofEnds(keys.byteCount());
            writer.dictionary(Column.VISITOR_KEYS, width, keys.ends(), keys.count(), keys.bytes());
        }
    }

    /** Values in the largest power of ten that divides them all, unless they need 8 bytes. */
    private void writeValues(FrameWriter writer) {
        int scale = Limits.VALUE_SCALE_MAX;
        long divisor = 1_000_000_000;
        long least = 0;
        long greatest = 0;
        for (int row = 0; row < count; row++) {
            long value = values[row];
            least = Math.min(least, value);
            greatest = Math.max(greatest, value);
            while (value % divisor != 0) {
                divisor /= 10;
                scale--;
            }
        }
        int width = Widths.ofSigned(least / divisor, greatest / divisor);
        if (width == 8) {
            scale = 0;
            divisor = 1;
        }
        writer.integers(Column.VALUE, width, scale, values, count, 0, divisor);
    }
}
