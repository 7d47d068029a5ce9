package io.sojourn.conformance;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.sojourn.client.Batch;
import io.sojourn.model.Context;
import io.sojourn.model.Event;
import io.sojourn.model.EventKind;
import io.sojourn.model.VisitorKey;
import io.sojourn.wire.Column;
import io.sojourn.wire.Header;
import io.sojourn.wire.HelloMessage;
import io.sojourn.wire.Limits;
import io.sojourn.wire.LookupMessage;
import io.sojourn.wire.StatusMessage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Writes requests with the client's encoders; batches also with the choices of a golden message. */
final class RequestEncoder {
    private RequestEncoder() {}

    static byte[] encode(Header header, JsonObject body) {
        byte[] frame = switch (header.operation()) {
            case HELLO -> HelloMessage.request(
                body.get("lowest_version").getAsInt(), body.get("highest_version").getAsInt(),
                (int) body.get("features").getAsLong(), hex(body.get("deployment").getAsString()),
                body.get("name").getAsString().getBytes(StandardCharsets.UTF_8));
            case ASSIGN -> assign(body);
            case LOOKUP -> LookupMessage.request(
                body.get("by").getAsString().equals("visitor") ? LookupMessage.BY_VISITOR
                    : LookupMessage.BY_SESSION,
                hex(body.get("key").getAsString()));
            case STATUS -> StatusMessage.request();
            case ERROR -> throw new IllegalArgumentException("no request");
        };
        header.seal(frame);
        return frame;
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    /** The batch as a user of the client would fill it. */
    static Batch batch(JsonObject body) {
        Batch batch = new Batch();
        for (JsonObject event : Json.objects(body, "events")) {
            batch.add(
                new Event(
                    EventKind.valueOf(event.get("kind").getAsString().toUpperCase()),
                    VisitorKey.of(hex(event.get("visitor").getAsString())), Json.signed(event, "time"),
                    Json.text(event, "name"),
                    event.has("context") ? context(event.getAsJsonObject("context")) : null,
                    Json.signed(event, "value"), Json.unsigned(event, "event_id")));
        }
        return batch;
    }

    private static Context context(JsonObject json) {
        String[] texts = new String[Context.TEXTS];
        for (int cell = 0; cell < texts.length; cell++) {
            texts[cell] = Json.text(json, RequestDecoder.ATTRIBUTES.get(cell));
        }
        return Context.ofTexts(texts, json.has("knownBot"));
    }

    private static byte[] assign(JsonObject body) {
        JsonObject encoding = body.getAsJsonObject("encoding");
        List<JsonObject> events = Json.objects(body, "events");
        List<String> keys = Json.texts(encoding, "visitor_keys");
        List<String> texts = Json.texts(encoding, "texts");
        List<JsonObject> contexts = Json.objects(encoding, "contexts");
        Map<String, Long> keyNumbers = Texts.numbers(keys);
        Map<String, Long> textNumbers = Texts.numbers(texts);
        Map<JsonObject, Integer> contextNumbers = new HashMap<>();
        for (JsonObject context : contexts) {
            contextNumbers.put(Json.without(context, "extra"), contextNumbers.size() + 1);
        }
        int count = events.size();
        long base = Json.signed(body, "base_time");
        long[] time = new long[count];
        long[] kind = new long[count];
        long[] visitor = new long[count];
        long[] name = new long[count];
        long[] context = new long[count];
        long[] value = new long[count];
        long[] id = new long[count];
        for (int row = 0; row < count; row++) {
            JsonObject event = events.get(row);
            time[row] = Json.signed(event, "time") - base;
            kind[row] = EventKind.valueOf(event.get("kind").getAsString().toUpperCase()).code();
            visitor[row] = keyNumbers.get(event.get("visitor").getAsString()) - 1;
            name[row] = textNumbers.get(Json.text(event, "name"));
            if (event.has("context")) context[row] = contextNumbers.get(event.getAsJsonObject("context"));
            value[row] = Json.signed(event, "value");
            id[row] = Json.unsigned(event, "event_id");
        }
        Encoding.Parts parts = new Encoding.Parts();
        parts.integers(Column.TIME, time);
        parts.integers(Column.KIND, kind);
        parts.integers(Column.VISITOR, visitor);
        List<byte[]> keyBytes = new ArrayList<>();
        for (String key : keys) keyBytes.add(hex(key));
        parts.entries(Column.VISITOR_KEYS, keyBytes);
        parts.integers(Column.NAME, name);
        Texts.write(parts, encoding, texts);
        parts.integers(Column.CONTEXT, context);
        parts.integers(Column.CONTEXTS, cells(encoding, contexts, textNumbers));
        parts.integers(Column.VALUE, value);
        parts.integers(Column.EVENT_ID, id);
        return Encoding.write(16, encoding, parts).fixed32(0, count).fixed64(8, base).finish();
    }

    private static long[] cells(
        JsonObject encoding, List<JsonObject> contexts, Map<String, Long> textNumbers) {
        JsonObject choice = encoding.getAsJsonObject("columns").getAsJsonObject("contexts");
        int stride = choice == null ? 0 : choice.get("parameter").getAsInt();
        long[] cells = new long[contexts.size() * stride];
        for (int row = 0; row < contexts.size(); row++) {
            JsonObject context = contexts.get(row);
            int at = row * stride;
            for (String attribute : RequestDecoder.ATTRIBUTES) {
                cells[at++] = textNumbers.get(Json.text(context, attribute));
            }
            cells[at] = context.has("knownBot") ? 1 : 0;
            at = row * stride + Limits.CONTEXT_CELLS;
            if (!context.has("extra")) continue;
            for (JsonElement cell : context.getAsJsonArray("extra")) cells[at++] = cell.getAsLong();
        }
        return cells;
    }
}
