package io.sojourn.conformance;

import com.google.gson.JsonObject;
import io.sojourn.wire.Column;
import io.sojourn.wire.Header;
import io.sojourn.wire.LittleEndian;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Writes replies as a server does. */
final class ReplyEncoder {
    private static final List<String> OUTCOMES =
        List.of("new", "extended", "lateJoined", "merged", "tooLate", "duplicate");
    private static final List<String> REJECTIONS =
        List.of("rejectedNoSession", "rejectedClockSkew", "rejectedVisitorLimit", "rejectedSessionLimit");
    private static final List<String> BOUNDARIES =
        List.of("first", "idle", "maxDuration", "maxEvents", "campaign", "midnight", "explicit");
    private static final Map<String, Integer> STATE_BITS =
        Map.of("late", 8, "merged", 16, "automated", 32, "ended", 64, "engaged", 128);
    private static final List<String> LIMITS =
        List.of("batch_texts", "batch_contexts", "credit", "producer_window", "partitions");
    private static final int BODY = Header.BYTES;

    private ReplyEncoder() {}

    static byte[] encode(Header header, JsonObject body) {
        byte[] frame = switch (header.operation()) {
            case HELLO -> hello(body);
            case ASSIGN -> assign(body);
            case LOOKUP -> lookup(body);
            case STATUS -> status(body);
            case ERROR -> error(body);
        };
        header.seal(frame);
        return frame;
    }

    private static byte[] text(JsonObject object, String member) {
        return object.get(member).getAsString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] frame(int fixedBytes, byte[]... tails) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[BODY + fixedBytes]);
        for (byte[] tail : tails) bytes.writeBytes(tail);
        return bytes.toByteArray();
    }

    private static byte[] hello(JsonObject body) {
        byte[] name = text(body, "name");
        byte[] version = text(body, "server_version");
        byte[] frame = frame(72, name, version);
        LittleEndian.put8(frame, BODY, body.get("version").getAsInt());
        LittleEndian.put32(frame, BODY + 4, (int) body.get("features").getAsLong());
        byte[] deployment = HexFormat.of().parseHex(body.get("deployment").getAsString());
        System.arraycopy(deployment, 0, frame, BODY + 8, 16);
        LittleEndian.put64(frame, BODY + 24, Json.signed(body, "server_time"));
        LittleEndian.put32(frame, BODY + 32, (int) body.get("message_bytes").getAsLong());
        LittleEndian.put32(frame, BODY + 36, (int) body.get("batch_events").getAsLong());
        LittleEndian.put16(frame, BODY + 40, body.get("visitor_key_bytes").getAsInt());
        LittleEndian.put16(frame, BODY + 42, body.get("text_bytes").getAsInt());
        int at = BODY + 44;
        for (String limit : LIMITS) {
            LittleEndian.put32(frame, at, (int) body.get(limit).getAsLong());
            at += 4;
        }
        LittleEndian.put16(frame, BODY + 64, name.length);
        LittleEndian.put16(frame, BODY + 66, version.length);
        LittleEndian.put16(frame, BODY + 68, body.get("first_partition").getAsInt());
        LittleEndian.put16(frame, BODY + 70, body.get("last_partition").getAsInt());
        return frame;
    }

    private static byte[] error(JsonObject body) {
        byte[] message = text(body, "message");
        byte[] frame = frame(16, message);
        int code = 0;
        while (!new io.sojourn.model.ErrorCode(code).name().equals(body.get("code").getAsString())) code++;
        LittleEndian.put16(frame, BODY, code);
        LittleEndian.put8(frame, BODY + 2, body.get("retriable").getAsBoolean() ? 1 : 0);
        LittleEndian.put32(frame, BODY + 4, (int) body.get("retry_after").getAsLong());
        boolean hasOffset = !body.get("offset").isJsonNull();
        LittleEndian.put32(frame, BODY + 8, hasOffset ? (int) body.get("offset").getAsLong() : -1);
        LittleEndian.put8(frame, BODY + 12, body.get("lowest_version").getAsInt());
        LittleEndian.put8(frame, BODY + 13, body.get("highest_version").getAsInt());
        LittleEndian.put16(frame, BODY + 14, message.length);
        return frame;
    }

    private static byte[] uuid(JsonObject object, String member) {
        UUID id = UUID.fromString(object.get(member).getAsString());
        return ByteBuffer.allocate(16).putLong(id.getMostSignificantBits())
            .putLong(id.getLeastSignificantBits()).array();
    }

    private static int stateByte(JsonObject state) {
        int bits = BOUNDARIES.indexOf(state.get("boundary").getAsString());
        for (Map.Entry<String, Integer> flag : STATE_BITS.entrySet()) {
            if (state.get(flag.getKey()).getAsBoolean()) bits |= flag.getValue();
        }
        return bits;
    }

    private static int outcome(String name) {
        return OUTCOMES.contains(name) ? OUTCOMES.indexOf(name) : 16 + REJECTIONS.indexOf(name);
    }

    private static byte[] assign(JsonObject body) {
        List<JsonObject> sessions = Json.objects(body, "sessions");
        List<JsonObject> events = Json.objects(body, "events");
        List<JsonObject> revisions = Json.objects(body, "revisions");
        Encoding.Parts parts = new Encoding.Parts();
        List<byte[]> ids = sessions.stream().map(session -> uuid(session, "id")).toList();
        parts.entries(Column.SESSION_ID, ids);
        long[] shifts = new long[ids.size()];
        for (int row = 0; row < shifts.length; row++) {
            long idTime = ByteBuffer.wrap(ids.get(row)).getLong() >>> 16;
            shifts[row] = idTime - Json.signed(sessions.get(row), "start");
        }
        parts.integers(Column.SESSION_SHIFT, shifts);
        parts.integers(
            Column.ORDINAL, sessions.stream().mapToLong(one -> one.get("ordinal").getAsLong()).toArray());
        parts.integers(Column.SESSION_STATE, sessions.stream().mapToLong(ReplyEncoder::stateByte).toArray());
        parts.integers(Column.SESSION, events.stream().mapToLong(ReplyEncoder::sessionNumber).toArray());
        parts.integers(
            Column.POSITION, events.stream().mapToLong(one -> one.get("position").getAsLong()).toArray());
        parts.integers(
            Column.OUTCOME,
            events.stream().mapToLong(one -> outcome(one.get("outcome").getAsString())).toArray());
        parts.integers(
            Column.REVISION_NUMBER,
            revisions.stream().mapToLong(one -> Json.unsigned(one, "number")).toArray());
        parts.entries(Column.REVISION_FROM, revisions.stream().map(one -> uuid(one, "from")).toList());
        parts.entries(Column.REVISION_INTO, revisions.stream().map(one -> uuid(one, "into")).toList());
        parts.integers(Column.REVISION_CAUSE, revisions.stream().mapToLong(one -> 1).toArray());
        parts.integers(
            Column.REVISION_PARTITION,
            revisions.stream().mapToLong(one -> one.get("partition").getAsLong()).toArray());
        return Encoding.write(24, body.getAsJsonObject("encoding"), parts)
            .fixed32(0, events.size()).fixed32(8, sessions.size()).fixed32(12, revisions.size())
            .fixed64(16, Json.signed(body, "clock")).finish();
    }

    private static long sessionNumber(JsonObject event) {
        return event.get("session").isJsonNull() ? 0 : event.get("session").getAsLong() + 1;
    }

    private static byte[] lookup(JsonObject body) {
        JsonObject encoding = body.getAsJsonObject("encoding");
        List<JsonObject> sessions = Json.objects(body, "sessions");
        List<String> texts = Json.texts(encoding, "texts");
        Map<String, Long> numbers = Texts.numbers(texts);
        List<byte[]> records = new ArrayList<>();
        List<byte[]> path = new ArrayList<>();
        for (JsonObject session : sessions) {
            int pathStart = path.size();
            for (JsonObject step : Json.objects(session, "path")) {
                byte[] record = new byte[8];
                LittleEndian.put32(record, 0, (int) step.get("after").getAsLong());
                LittleEndian.put32(record, 4, numbers.get(Json.text(step, "page")).intValue());
                path.add(record);
            }
            records.add(record(session, numbers, pathStart, path.size() - pathStart));
        }
        Encoding.Parts parts = new Encoding.Parts();
        Texts.write(parts, encoding, texts);
        parts.entries(Column.SESSIONS, records);
        parts.entries(Column.PATH, path);
        return Encoding.write(16, encoding, parts).fixed32(0, sessions.size())
            .fixed64(8, Json.signed(body, "clock")).finish();
    }

    private static byte[] record(
        JsonObject session, Map<String, Long> numbers, int pathStart, int pathLength) {
        byte[] record = new byte[128];
        System.arraycopy(uuid(session, "id"), 0, record, 0, 16);
        int at = 16;
        for (String member : List.of("first_event", "last_event", "value", "engaged")) {
            LittleEndian.put64(record, at, Json.signed(session, member));
            at += 8;
        }
        for (String member : List.of("ordinal", "events", "views", "actions", "conversions")) {
            LittleEndian.put32(record, at, (int) session.get(member).getAsLong());
            at += 4;
        }
        LittleEndian.put8(record, 68, stateByte(session.getAsJsonObject("state")));
        boolean hasEnded = !session.get("boundary_out").isJsonNull();
        LittleEndian.put8(
            record, 69, hasEnded ? BOUNDARIES.indexOf(session.get("boundary_out").getAsString()) : 255);
        at = 72;
        for (String attribute : RequestDecoder.ATTRIBUTES) {
            String text = Json.text(session.getAsJsonObject("context"), attribute);
            LittleEndian.put32(record, at, numbers.get(text).intValue());
            at += 4;
        }
        LittleEndian.put32(record, 104, numbers.get(Json.text(session, "landing_page")).intValue());
        LittleEndian.put32(record, 108, numbers.get(Json.text(session, "exit_page")).intValue());
        LittleEndian.put32(record, 112, pathStart);
        LittleEndian.put32(record, 116, pathLength);
        LittleEndian.put64(record, 120, Json.signed(session, "finishes"));
        return record;
    }

    private static byte[] status(JsonObject body) {
        List<JsonObject> gauges = Json.objects(body, "gauges");
        Encoding.Parts parts = new Encoding.Parts();
        List<String> names = gauges.stream().map(gauge -> gauge.get("name").getAsString()).toList();
        Texts.write(parts, body.getAsJsonObject("encoding"), names);
        parts.integers(
            Column.GAUGES, gauges.stream().mapToLong(gauge -> Json.signed(gauge, "value")).toArray());
        return Encoding.write(16, body.getAsJsonObject("encoding"), parts).fixed32(0, gauges.size())
            .fixed64(8, Json.signed(body, "server_time")).finish();
    }
}
