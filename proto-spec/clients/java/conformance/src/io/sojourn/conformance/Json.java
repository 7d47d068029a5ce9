package io.sojourn.conformance;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;

/** Short words for what the golden messages need of JSON. */
final class Json {
    private Json() {}

    /** A member that is a number of 64 bits without a sign, as a string; 0 when it is not there. */
    static long unsigned(JsonObject object, String member) {
        return object.has(member) ? Long.parseUnsignedLong(object.get(member).getAsString()) : 0;
    }

    static long signed(JsonObject object, String member) {
        return object.has(member) ? Long.parseLong(object.get(member).getAsString()) : 0;
    }

    /** A member that may be missing. */
    static String text(JsonObject object, String member) {
        return object.has(member) ? object.get(member).getAsString() : null;
    }

    static List<JsonObject> objects(JsonObject object, String member) {
        List<JsonObject> objects = new ArrayList<>();
        if (object.has(member)) {
            for (JsonElement element : object.getAsJsonArray(member)) objects.add(element.getAsJsonObject());
        }
        return objects;
    }

    static List<String> texts(JsonObject object, String member) {
        List<String> texts = new ArrayList<>();
        if (object.has(member)) {
            for (JsonElement element : object.getAsJsonArray(member)) texts.add(element.getAsString());
        }
        return texts;
    }

    static JsonArray array(Iterable<String> texts) {
        JsonArray array = new JsonArray();
        for (String text : texts) array.add(text);
        return array;
    }

    /** Adds a text unless it is null. */
    static void addText(JsonObject object, String member, String text) {
        if (text != null) object.addProperty(member, text);
    }

    static void addOrNull(JsonObject object, String member, String text) {
        if (text == null) object.add(member, JsonNull.INSTANCE);
        else object.addProperty(member, text);
    }

    /** Without one member. */
    static JsonObject without(JsonObject object, String member) {
        JsonObject copy = new JsonObject();
        object.entrySet().forEach(entry -> {
            if (!entry.getKey().equals(member)) copy.add(entry.getKey(), entry.getValue());
        });
        return copy;
    }
}
