package io.sojourn.client;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;

import io.sojourn.model.BadUseException;
import io.sojourn.model.Context;
import io.sojourn.model.Event;
import io.sojourn.model.EventKind;
import io.sojourn.model.SojournException.Kind;
import io.sojourn.model.VisitorKey;
import io.sojourn.wire.Header;
import io.sojourn.wire.Operation;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.Test;

public class BatchTest {
    private static final VisitorKey ANNA = VisitorKey.of("anna");
    private static final Event VIEW = Event.view(ANNA, Instant.parse("2025-06-15T12:00:00Z"), "/home");
    private static final Header HEADER = new Header(Operation.ASSIGN, false, 7, 1, 1, 0, 1, 0);

    private static void assertBadUse(Kind kind, Runnable use) {
        BadUseException exception = assertThrows(BadUseException.class, use::run);
        assertEquals(exception.getMessage(), kind, exception.kind());
        assertEquals(false, exception.mayHaveBeenApplied());
    }

    @Test
    public void theWorkedExampleOfTheSpecHasItsBytes() {
        byte[] frame = Batch.of(List.of(VIEW)).encode(HEADER);
        assertEquals(64 + 159, frame.length);
        assertEquals("9f0000000c05744100000000c1732750", HexFormat.of().formatHex(frame, 48, 64));
    }

    @Test
    public void aClearedBatchWritesTheSameBytesAgain() {
        Batch batch = new Batch(1);
        for (int row = 0; row < 3_000; row++) batch.add(VIEW.withName("/" + row).withContext(
            Context.EMPTY.withDevice("device " + row % 7)));
        batch.clear();
        batch.add(VIEW);
        assertArrayEquals(Batch.of(List.of(VIEW)).encode(HEADER), batch.encode(HEADER));
    }

    @Test
    public void encodingTwiceWritesTheSameBytes() {
        Batch batch = Batch.of(List.of(VIEW.withContext(Context.EMPTY.withCampaignName("spring"))));
        byte[] first = batch.encode(HEADER);
        batch.add(VIEW.withName("/next"));
        byte[] longer = batch.encode(HEADER);
        assertEquals(true, longer.length > first.length);
        assertArrayEquals(longer, batch.encode(HEADER));
    }

    @Test
    public void bothWaysToAddWriteTheSameBytes() {
        Batch columns = new Batch();
        byte[] bytes = "xannax".getBytes();
        columns.add(
            EventKind.VIEW, VIEW.timeMilliseconds(), columns.visitor(bytes, 1, 4), columns.text("/home"),
            columns.context(null), 0, 0);
        assertArrayEquals(Batch.of(List.of(VIEW)).encode(HEADER), columns.encode(HEADER));
    }

    @Test
    public void anEmptyBatchIsBadUse() {
        assertBadUse(Kind.EMPTY_BATCH, () -> new Batch().encode(HEADER));
    }

    @Test
    public void aBatchHasAtMost65535Events() {
        Batch batch = new Batch();
        for (int row = 0; row < 65_535; row++) batch.add(VIEW);
        assertBadUse(Kind.BATCH_TOO_LARGE, () -> batch.add(VIEW));
        batch.encode(HEADER);
    }

    @Test
    public void aMessageHasAtMost4Mebibytes() {
        Batch batch = new Batch();
        for (int row = 0; row < 5_000; row++) {
            batch.add(VIEW.withName(row + "x".repeat(1_000)));
        }
        assertBadUse(Kind.BATCH_TOO_LARGE, () -> batch.encode(HEADER));
    }

    @Test
    public void textsHaveAtMost8Mebibytes() {
        Batch batch = new Batch();
        for (int row = 0; row < 4_200; row++) batch.add(VIEW.withName("x".repeat(2_040) + row));
        assertBadUse(Kind.BATCH_TOO_LARGE, () -> batch.encode(HEADER));
    }

    @Test
    public void keysHave1To128Bytes() {
        assertBadUse(Kind.BAD_KEY, () -> VisitorKey.of(""));
        assertBadUse(Kind.BAD_KEY, () -> VisitorKey.of(new byte[129]));
        assertBadUse(Kind.BAD_KEY, () -> new Batch().visitor(new byte[0]));
        assertBadUse(Kind.BAD_KEY, () -> new Batch().visitor(new byte[129]));
        assertEquals(128, VisitorKey.of(new byte[128]).length());
    }

    @Test
    public void textsHave1To2048Bytes() {
        assertBadUse(Kind.BAD_TEXT, () -> new Batch().text(""));
        assertBadUse(Kind.BAD_TEXT, () -> new Batch().text("x".repeat(2_049)));
        assertBadUse(Kind.BAD_TEXT, () -> new Batch().text("é".repeat(1_025)));
        assertBadUse(Kind.BAD_TEXT, () -> new Batch().add(VIEW.withContext(Context.EMPTY.withRegion(""))));
        assertEquals(1, new Batch().text("é".repeat(1_024)));
    }

    @Test
    public void halfASurrogatePairIsNoText() {
        assertBadUse(Kind.BAD_TEXT, () -> new Batch().text("a\uD800b"));
    }

    @Test
    public void timesAreFrom0To2To48() {
        assertBadUse(Kind.BAD_TIME, () -> Event.of(EventKind.VIEW, ANNA, -1));
        assertBadUse(Kind.BAD_TIME, () -> Event.of(EventKind.VIEW, ANNA, 1L << 48));
        assertBadUse(Kind.BAD_TIME, () -> Event.of(EventKind.VIEW, ANNA, Instant.MAX));
        Batch batch = new Batch();
        int visitor = batch.visitor(new byte[] {1});
        assertBadUse(Kind.BAD_TIME, () -> batch.add(EventKind.VIEW, -1, visitor, 0, 0, 0, 0));
        batch.add(Event.of(EventKind.VIEW, ANNA, 0));
        batch.add(Event.of(EventKind.VIEW, ANNA, (1L << 48) - 1));
        batch.encode(HEADER);
    }

    @Test
    public void valuesAreExact() {
        assertEquals(12_500_000, VIEW.withValue(12.50).valueMicroUnits());
        assertEquals(100_000, VIEW.withValue(0.1).valueMicroUnits());
        assertEquals(-1, VIEW.withValue(new BigDecimal("-0.000001")).valueMicroUnits());
        assertEquals(
            Long.MIN_VALUE, VIEW.withValue(new BigDecimal("-9223372036854.775808")).valueMicroUnits());
        List<Runnable> bad = new ArrayList<>();
        for (double value : new double[] {Double.NaN, Double.POSITIVE_INFINITY, 0.1 + 0.2, 1e-7, 1e13}) {
            bad.add(() -> VIEW.withValue(value));
        }
        for (String value : List.of("0.0000001", "9223372036854.775808", "1e999999999", "1e-999999999")) {
            bad.add(() -> VIEW.withValue(new BigDecimal(value)));
        }
        for (Runnable use : bad) assertBadUse(Kind.BAD_VALUE, use);
    }

    @Test
    public void rowsOfOtherBatchesAreRefused() {
        Batch batch = new Batch();
        assertThrows(
            IndexOutOfBoundsException.class, () -> batch.add(EventKind.VIEW, 0, 0, 0, 0, 0, 0));
    }
}
