package io.sojourn.conformance;

import io.sojourn.client.Assignments;
import io.sojourn.client.Batch;
import io.sojourn.client.SojournClient;
import io.sojourn.model.EventKind;
import java.util.ArrayDeque;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

/** Sends batches of a busy shop for some seconds, several at once, and says how many events were answered. */
public final class Bench {
    private static final int BATCH_EVENTS = 1_000;
    private static final int EVENTS_PER_VISITOR = 4;
    private static final int VISITORS = 100_000;
    private static final int PAGES = 200;
    private static final int IN_FLIGHT_MAX = 16;

    private final byte[][] visitors = new byte[VISITORS][16];
    private final String[] pages = new String[PAGES];
    private final SplittableRandom random = new SplittableRandom(1);
    private final Batch batch = new Batch(BATCH_EVENTS);

    private Bench() {
        for (byte[] visitor : visitors) random.nextBytes(visitor);
        String[] areas = {"/products/shoes/", "/products/coats/", "/blog/2025/", "/checkout/"};
        for (int page = 0; page < PAGES; page++) {
            String tail = Long.toString(random.nextLong(1L << 60), 36);
            int length = 3 + page % 9;
            pages[page] = "/shop" + areas[page % areas.length] + tail.substring(0, length) + "?page=" + page;
        }
    }

    public static void main(String[] arguments) {
        if (arguments.length != 2) {
            System.err.println("usage: bench ENDPOINT SECONDS");
            System.exit(64);
        }
        try (SojournClient client = SojournClient.connect(arguments[0].split(","))) {
            double rate = new Bench().run(client, Double.parseDouble(arguments[1]));
            System.out.printf("events_per_second %.0f%n", rate);
        }
    }

    private double run(SojournClient client, double seconds) {
        int inFlightMax = (int) Math.min(IN_FLIGHT_MAX, client.server().credit());
        ArrayDeque<CompletableFuture<Assignments>> inFlight = new ArrayDeque<>();
        long answered = 0;
        long assigned = 0;
        long start = System.nanoTime();
        long end = start + (long) (seconds * 1e9);
        while (System.nanoTime() < end) {
            fill();
            if (inFlight.size() == inFlightMax) {
                Assignments assignments = inFlight.remove().join();
                answered += assignments.size();
                for (int event = 0; event < assignments.size(); event++) {
                    if (assignments.sessionRow(event) >= 0) assigned++;
                }
            }
            inFlight.add(client.assignAsync(batch, 1));
        }
        while (!inFlight.isEmpty()) {
            Assignments assignments = inFlight.remove().join();
            answered += assignments.size();
            assigned += assignments.size();
        }
        double elapsed = (System.nanoTime() - start) / 1e9;
        if (assigned < answered / 2) throw new IllegalStateException("most events were rejected");
        return answered / elapsed;
    }

    private void fill() {
        batch.clear();
        long now = System.currentTimeMillis();
        for (int event = 0; event < BATCH_EVENTS; event += EVENTS_PER_VISITOR) {
            int visitor = batch.visitor(visitors[random.nextInt(VISITORS)]);
            for (int view = 0; view < EVENTS_PER_VISITOR; view++) {
                int page = batch.text(pages[random.nextInt(PAGES)]);
                batch.add(EventKind.VIEW, now, visitor, page, 0, 0, 0);
            }
        }
    }
}
