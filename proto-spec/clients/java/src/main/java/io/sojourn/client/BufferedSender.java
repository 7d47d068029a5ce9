package io.sojourn.client;

import io.sojourn.model.BadUseException;
import io.sojourn.model.ClosedException;
import io.sojourn.model.Event;
import io.sojourn.model.SojournException;
import io.sojourn.model.SojournException.Kind;
import io.sojourn.wire.Limits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Gathers events into batches, and sends a batch when it is full or old enough. {@link #add} waits while
 * too many batches have no answer yet. Safe for use by several threads.
 */
public final class BufferedSender implements AutoCloseable {
    private static final int UNANSWERED_MAX = 64;

    /** Is told of every batch. Its methods run one at a time, on a thread of the sender. */
    public interface Listener {
        /** The assignments are in the order of the events. */
        void assigned(List<Event> events, Assignments assignments);

        /** No assignments: the exception says whether the batch may have been applied. */
        void failed(List<Event> events, SojournException exception);
    }

    private final SojournClient client;
    private final long property;
    private final int eventsMax;
    private final long delayNanoseconds;
    private final Listener listener;
    private final ScheduledExecutorService thread;
    private final Semaphore room = new Semaphore(UNANSWERED_MAX, true);

    private List<Event> events = new ArrayList<>();
    private ScheduledFuture<?> timer;
    /** Done when all batches up to now have been answered and told. */
    private CompletableFuture<Void> told = CompletableFuture.completedFuture(null);
    private boolean isClosed;

    BufferedSender(
        SojournClient client, long property, int eventsMax, Duration delay, Listener listener) {
        if (eventsMax < 1 || eventsMax > Limits.BATCH_EVENTS_MAX) {
            throw new BadUseException(Kind.BAD_OPTION, "eventsMax is 1 to 65535, not " + eventsMax);
        }
        if (delay.compareTo(Duration.ofMillis(1)) < 0 || delay.compareTo(Duration.ofDays(1)) > 0) {
            throw new BadUseException(Kind.BAD_OPTION, "delay is 1 ms to a day, not " + delay);
        }
        this.client = client;
        this.property = property;
        this.eventsMax = eventsMax;
        this.delayNanoseconds = delay.toNanos();
        this.listener = listener;
        thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread made = new Thread(task, "sojourn-buffered-sender");
            made.setDaemon(true);
            return made;
        });
    }

    /** @throws ClosedException when the sender is closed */
    public synchronized void add(Event event) {
        if (isClosed) throw new ClosedException("the sender is closed", false);
        events.add(event);
        if (events.size() >= eventsMax) {
            send();
        } else if (events.size() == 1) {
            timer = thread.schedule(this::flush, delayNanoseconds, TimeUnit.NANOSECONDS);
        }
    }

    /** Sends what was gathered; the future is done when the listener knows of all batches up to now. */
    public synchronized CompletableFuture<Void> flush() {
        if (!events.isEmpty()) send();
        return told;
    }

    private void send() {
        if (timer != null) timer.cancel(false);
        timer = null;
        List<Event> batch = List.copyOf(events);
        events = new ArrayList<>(batch.size());
        room.acquireUninterruptibly();
        CompletableFuture<Assignments> answer;
        try {
            answer = client.assignAsync(batch, property);
        } catch (SojournException exception) {
            answer = CompletableFuture.failedFuture(exception);
        }
        answer.whenComplete((assignments, failure) -> room.release());
        CompletableFuture<Void> tellingThis =
            answer.handleAsync((assignments, failure) -> tell(batch, assignments, failure), thread);
        // A listener that throws fails the flush of its batch, not those of all later ones.
        told = CompletableFuture.allOf(told.exceptionally(thrown -> null), tellingThis);
    }

    private Void tell(List<Event> batch, Assignments assignments, Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause == null) {
            listener.assigned(batch, assignments);
        } else if (cause instanceof SojournException exception) {
            listener.failed(batch, exception);
        } else {
            throw new IllegalStateException(cause);
        }
        return null;
    }

    /** Sends what was gathered, and waits until the listener knows of everything. */
    @Override
    public void close() {
        CompletableFuture<Void> all;
        synchronized (this) {
            all = flush();
            isClosed = true;
        }
        all.exceptionally(failure -> null).join();
        thread.shutdown();
    }
}
