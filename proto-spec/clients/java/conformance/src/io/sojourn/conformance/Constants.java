package io.sojourn.conformance;

import io.sojourn.model.Boundary;
import io.sojourn.model.ErrorCode;
import io.sojourn.model.EventKind;
import io.sojourn.model.Outcome;
import io.sojourn.model.RevisionCause;
import io.sojourn.model.SessionState;
import io.sojourn.wire.Column;
import io.sojourn.wire.Limits;
import io.sojourn.wire.Operation;
import java.lang.reflect.Field;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntFunction;

/** Prints the client's constants, {@code GROUP NAME NUMBER} a line, by the names of constants.json. */
public final class Constants {
    /** Of {@code Limits}, what constants.json lists elsewhere. */
    private static final Set<String> NO_LIMITS = Set.of("VERSION", "CONTEXT_CELLS");

    private Constants() {}

    public static void main(String[] arguments) throws IllegalAccessException {
        for (Operation operation : Operation.values()) {
            print("operations", operation.name(), operation.code());
        }
        for (Column column : Column.values()) print("columns", camel(column.name()), column.id());
        for (EventKind kind : EventKind.values()) {
            print("eventKinds", camel(kind.name()), kind.code());
        }
        printNamed("outcomes", code -> new Outcome(code).name());
        printNamed("boundaries", code -> new Boundary(code).name());
        printNamed("revisionCauses", code -> new RevisionCause(code).name());
        printNamed("errors", code -> new ErrorCode(code).name());
        for (int bit = 8; bit <= 128; bit *= 2) printState(bit, new SessionState(bit));
        for (Field limit : Limits.class.getFields()) {
            if (!NO_LIMITS.contains(limit.getName())) {
                print("limits", camel(limit.getName()), limit.getLong(null));
            }
        }
    }

    /** A code without a name shows as its number. */
    private static void printNamed(String group, IntFunction<String> name) {
        for (int code = 0; code < 256; code++) {
            String text = name.apply(code);
            if (!text.equals(Integer.toString(code))) print(group, text, code);
        }
    }

    private static void printState(int bit, SessionState state) {
        if (state.isLate()) print("sessionState", "late", bit);
        if (state.isMerged()) print("sessionState", "merged", bit);
        if (state.isAutomated()) print("sessionState", "automated", bit);
        if (state.isEnded()) print("sessionState", "ended", bit);
        if (state.isEngaged()) print("sessionState", "engaged", bit);
    }

    private static void print(String group, String name, long number) {
        System.out.println(group + " " + name + " " + number);
    }

    /** {@code EVENT_ID} is {@code eventID}, {@code BATCH_EVENTS_MAX} is {@code batchEventsMax}. */
    private static String camel(String name) {
        StringBuilder text = new StringBuilder();
        for (String word : name.split("_")) {
            if (text.isEmpty()) text.append(word.toLowerCase(Locale.ROOT));
            else if (word.equals("ID")) text.append(word);
            else text.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
        }
        return text.toString();
    }
}
