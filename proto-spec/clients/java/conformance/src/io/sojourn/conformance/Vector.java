package io.sojourn.conformance;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.sojourn.wire.Header;
import io.sojourn.wire.Operation;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.InflaterInputStream;

/** A golden message: what it means, and its bytes. */
record Vector(
    String name, boolean isReply, boolean isValid, byte[] frame, JsonObject header, JsonObject body,
    String error, Long offset) {

    static List<Vector> readAll(Path folder) throws IOException {
        List<Vector> vectors = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".json")).sorted().toList()) {
                vectors.add(read(JsonParser.parseString(Files.readString(file)).getAsJsonObject()));
            }
        }
        if (vectors.isEmpty()) throw new IOException("no golden messages in " + folder);
        return vectors;
    }

    private static Vector read(JsonObject file) throws IOException {
        byte[] frame = file.has("frame") ? HexFormat.of().parseHex(file.get("frame").getAsString())
            : inflate(file.get("frame_zlib_base64"));
        JsonObject body = file.getAsJsonObject("body");
        if (file.has("body_zlib_base64")) {
            String text = new String(inflate(file.get("body_zlib_base64")), StandardCharsets.UTF_8);
            body = JsonParser.parseString(text).getAsJsonObject();
        }
        boolean hasOffset = file.has("offset") && !file.get("offset").isJsonNull();
        return new Vector(
            file.get("name").getAsString(), file.get("direction").getAsString().equals("reply"),
            file.get("valid").getAsBoolean(), frame, file.getAsJsonObject("header"), body,
            file.has("error") ? file.get("error").getAsString() : null,
            hasOffset ? file.get("offset").getAsLong() : null);
    }

    private static byte[] inflate(JsonElement base64) throws IOException {
        byte[] deflated = Base64.getDecoder().decode(base64.getAsString());
        return new InflaterInputStream(new ByteArrayInputStream(deflated)).readAllBytes();
    }

    /** The header as the client knows it. */
    Header readHeader() {
        return new Header(
            Operation.valueOf(header.get("operation").getAsString()),
            header.get("flags").getAsInt() == 1, Json.unsigned(header, "correlation"),
            Json.unsigned(header, "producer"), Json.unsigned(header, "sequence"),
            (int) header.get("deadline").getAsLong(), (int) header.get("property").getAsLong(),
            Json.unsigned(header, "deployment"));
    }

    /** A header as the golden messages write it. */
    static JsonObject describe(Header header) {
        JsonObject json = new JsonObject();
        json.addProperty("version", 1);
        json.addProperty("operation", header.operation().name());
        json.addProperty("flags", header.isReply() ? 1 : 0);
        json.addProperty("correlation", Long.toUnsignedString(header.correlation()));
        json.addProperty("producer", Long.toUnsignedString(header.producer()));
        json.addProperty("sequence", Long.toUnsignedString(header.sequence()));
        json.addProperty("deadline", Integer.toUnsignedLong(header.deadline()));
        json.addProperty("property", Integer.toUnsignedLong(header.property()));
        json.addProperty("deployment", Long.toUnsignedString(header.deployment()));
        return json;
    }
}
