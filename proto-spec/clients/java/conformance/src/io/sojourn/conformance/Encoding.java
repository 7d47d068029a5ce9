package io.sojourn.conformance;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.sojourn.wire.Column;
import io.sojourn.wire.ColumnView;
import io.sojourn.wire.Directory;
import io.sojourn.wire.FrameWriter;
import java.io.ByteArrayOutputStream;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How a sender chose to write the columns: the member {@code encoding} of golden messages. {@link #write}
 * follows it with the client's column writer, {@link #describe} finds it in a frame.
 */
final class Encoding {
    private Encoding() {}

    /** The name of a column in the protocol. */
    static String name(Column column) {
        StringBuilder name = new StringBuilder();
        for (String word : column.name().split("_")) {
            boolean isAcronym = word.equals("ID");
            name.append(name.isEmpty() ? word.toLowerCase()
                : isAcronym ? word : word.charAt(0) + word.substring(1).toLowerCase());
        }
        return name.toString();
    }

    static JsonObject describe(Directory directory) {
        JsonObject columns = new JsonObject();
        JsonArray unknown = new JsonArray();
        for (ColumnView view : directory.columns()) {
            JsonObject choice = new JsonObject();
            choice.addProperty("width", view.width());
            if (view.column() != null) {
                if (view.parameter() != 0) choice.addProperty("parameter", view.parameter());
                if (view.column() == Column.TEXTS && directory.get(Column.TEXT_PREFIXES) != null) {
                    choice.addProperty("prefixes", true);
                }
                columns.add(name(view.column()), choice);
            } else {
                choice.addProperty("column", view.id());
                choice.addProperty("parameter", view.parameter());
                choice.addProperty("count", view.count());
                int start = view.start();
                choice.addProperty(
                    "data", HexFormat.of().formatHex(view.frame(), start, start + (int) view.length()));
                unknown.add(choice);
            }
        }
        JsonObject encoding = new JsonObject();
        encoding.add("columns", columns);
        if (!unknown.isEmpty()) encoding.add("unknown", unknown);
        return encoding;
    }

    /** What is to be written: integers, or entries of bytes, by column. */
    static final class Parts {
        private final Map<Column, long[]> integers = new EnumMap<>(Column.class);
        private final Map<Column, List<byte[]>> entries = new EnumMap<>(Column.class);

        void integers(Column column, long... values) {
            integers.put(column, values);
        }

        void entries(Column column, List<byte[]> values) {
            entries.put(column, values);
        }
    }

    /** The frame without its header. The caller adds the fields of the fixed part. */
    static FrameWriter write(int fixedBytes, JsonObject encoding, Parts parts) {
        JsonObject known = encoding.getAsJsonObject("columns");
        Map<Integer, JsonObject> byId = new TreeMap<>();
        for (JsonObject column : Json.objects(encoding, "unknown")) {
            byId.put(column.get("column").getAsInt(), column);
        }
        for (Column column : Column.values()) {
            if (!known.has(name(column))) continue;
            JsonObject choice = known.getAsJsonObject(name(column)).deepCopy();
            choice.addProperty("known", column.name());
            byId.put(column.id(), choice);
        }
        FrameWriter writer = new FrameWriter(fixedBytes, byId.size(), 1_024);
        byId.forEach((id, choice) -> write(writer, id, choice, parts));
        return writer;
    }

    private static void write(FrameWriter writer, int id, JsonObject choice, Parts parts) {
        int width = choice.get("width").getAsInt();
        int parameter = choice.has("parameter") ? choice.get("parameter").getAsInt() : 0;
        if (!choice.has("known")) {
            byte[] data = HexFormat.of().parseHex(choice.get("data").getAsString());
            writer.bytes(id, width, parameter, (int) choice.get("count").getAsLong(), data, data.length);
            return;
        }
        Column column = Column.valueOf(choice.get("known").getAsString());
        if (parts.integers.containsKey(column)) {
            long[] values = parts.integers.get(column);
            long divisor = column.form() == Column.Form.SCALED ? (long) Math.pow(10, parameter) : 1;
            writer.integers(column, width, parameter, values, values.length, 0, divisor);
            return;
        }
        List<byte[]> entries = parts.entries.get(column);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int[] ends = new int[entries.size()];
        for (int row = 0; row < ends.length; row++) {
            bytes.writeBytes(entries.get(row));
            if (column.form() == Column.Form.RECORDS) {
                bytes.writeBytes(new byte[parameter - entries.get(row).length]);
            }
            ends[row] = bytes.size();
        }
        byte[] all = bytes.toByteArray();
        if (width == 0) writer.bytes(id, 0, parameter, ends.length, all, all.length);
        else writer.dictionary(column, width, ends, ends.length, all);
    }
}
