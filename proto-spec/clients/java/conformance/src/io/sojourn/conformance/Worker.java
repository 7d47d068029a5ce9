package io.sojourn.conformance;

import io.sojourn.client.Assignments;
import io.sojourn.client.ClientOptions;
import io.sojourn.client.SojournClient;
import io.sojourn.model.Assignment;
import io.sojourn.model.Context;
import io.sojourn.model.Event;
import io.sojourn.model.EventKind;
import io.sojourn.model.RefusedException;
import io.sojourn.model.Revision;
import io.sojourn.model.SojournException;
import io.sojourn.model.VisitorKey;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads batches of tab-separated events, and writes what the service answers. */
public final class Worker {
    private static final int FIELDS = 7;

    private Worker() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 4) {
            System.err.println("usage: worker ENDPOINT[,ENDPOINT...] PROPERTY PRODUCER SEQUENCE");
            System.exit(64);
        }
        PrintStream output = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader input =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        ClientOptions options = new ClientOptions(arguments[0].split(","))
            .producer(Long.parseUnsignedLong(arguments[2]))
            .firstSequence(Long.parseUnsignedLong(arguments[3]));
        long property = Long.parseLong(arguments[1]);
        try (SojournClient client = SojournClient.connect(options)) {
            List<String> lines = new ArrayList<>();
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                if (!line.isEmpty()) {
                    lines.add(line);
                    continue;
                }
                answer(client, property, lines, output);
                lines.clear();
            }
            if (!lines.isEmpty()) answer(client, property, lines, output);
        }
    }

    private static void answer(
        SojournClient client, long property, List<String> lines, PrintStream output) {
        try {
            Assignments assignments = client.assign(lines.stream().map(Worker::event).toList(), property);
            for (Assignment assignment : assignments) {
                Object id = assignment.session() == null ? "-" : assignment.sessionId();
                output.print(
                    id + "\t" + assignment.ordinal() + "\t" + assignment.position() + "\t"
                        + assignment.outcome().name() + "\n");
            }
            for (Revision revision : assignments.revisions()) {
                output.print(
                    "revision\t" + Long.toUnsignedString(revision.number()) + "\t" + revision.from() + "\t"
                        + revision.into() + "\t" + revision.cause().name() + "\n");
            }
        } catch (SojournException exception) {
            String name = exception instanceof RefusedException refused ? refused.code().name()
                : exception.kind().name();
            String sentence = exception.getMessage().replaceAll("\\s+", " ");
            output.print("error\t" + name + "\t" + sentence + "\n");
        }
        output.print("\n");
        output.flush();
    }

    private static Event event(String line) {
        String[] fields = line.split("\t", FIELDS);
        String[] all = new String[FIELDS];
        for (int field = 0; field < fields.length; field++) {
            all[field] = fields[field].isEmpty() ? null : fields[field];
        }
        Event event = Event.of(
            EventKind.valueOf(all[2].toUpperCase()), VisitorKey.of(all[1] == null ? "" : all[1]),
            Long.parseLong(all[0]));
        if (all[3] != null) event = event.withName(all[3]);
        if (all[4] != null || all[5] != null) {
            event = event.withContext(Context.EMPTY.withChannel(all[4]).withCampaignName(all[5]));
        }
        return all[6] == null ? event : event.withValue(new BigDecimal(all[6]));
    }
}
