package io.sojourn.client;

import io.sojourn.model.BadUseException;
import io.sojourn.model.ErrorCode;
import io.sojourn.model.Event;
import io.sojourn.model.NoAnswerException;
import io.sojourn.model.ServerInfo;
import io.sojourn.model.ServerStatus;
import io.sojourn.model.SojournException;
import io.sojourn.model.SojournException.Kind;
import io.sojourn.model.VisitorKey;
import io.sojourn.wire.AssignReply;
import io.sojourn.wire.FormatException;
import io.sojourn.wire.LookupMessage;
import io.sojourn.wire.Operation;
import io.sojourn.wire.StatusMessage;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A connection to a Sojourn service. It is safe for use by several threads.
 *
 * <p>Each question has two forms: one that waits, and one that gives a future, by which several batches are
 * on their way at once. Futures are completed on the thread that owns the socket: what depends on them must
 * not block there, see the {@code ...Async} methods of {@link CompletableFuture}. All failures are
 * {@link SojournException}s.
 */
public final class SojournClient implements AutoCloseable {
    private static final long PROPERTY_MAX = 0xFFFF_FFFFL;

    private final Courier courier;

    private SojournClient(Courier courier) {
        this.courier = courier;
    }

    /**
     * Connects, and greets the server.
     *
     * @param endpoints {@code tcp://HOST:PORT}; the next one is tried when one does not answer
     * @throws SojournException when none answers in time, or all refuse
     */
    public static SojournClient connect(String... endpoints) {
        return connect(new ClientOptions(endpoints));
    }

    /** Connects, and greets the server. */
    public static SojournClient connect(ClientOptions options) {
        SojournClient client = new SojournClient(new Courier(options));
        try {
            client.await(client.courier.dispatcher().welcome());
            return client;
        } catch (SojournException exception) {
            client.close();
            throw exception;
        }
    }

    /** What the server told when it was greeted last: who it is, and its limits. */
    public ServerInfo server() {
        return courier.dispatcher().server();
    }

    /** Which sessions these events belong to. */
    public Assignments assign(List<Event> events, long property) {
        return assign(Batch.of(events), property);
    }

    /** Which sessions these events belong to. The batch may be used again afterwards. */
    public Assignments assign(Batch batch, long property) {
        return await(assignAsync(batch, property));
    }

    /** Which sessions these events belong to. The batch may be used again at once. */
    public CompletableFuture<Assignments> assignAsync(List<Event> events, long property) {
        return assignAsync(Batch.of(events), property);
    }

    /**
     * Which sessions these events belong to. The batch may be used again at once. As many batches are on
     * their way as the server allows; others wait.
     *
     * @throws BadUseException when the batch is empty, or larger than the server takes
     */
    public CompletableFuture<Assignments> assignAsync(Batch batch, long property) {
        checkProperty(property);
        byte[] frame = batch.encode();
        checkLimits(batch, frame.length);
        int count = batch.size();
        return submit(
            new Request<>(
                Operation.ASSIGN, (int) property, frame, (header, reply) -> {
                    AssignReply read = AssignReply.read(reply);
                    if (read.size() != count) throw new FormatException(ErrorCode.BAD_EVENT_COUNT, 64);
                    return new Assignments(header, read);
                }));
    }

    private static void checkProperty(long property) {
        if (property < 0 || property > PROPERTY_MAX) {
            throw new BadUseException(Kind.BAD_OPTION, "a property is 0 to 2^32 - 1, not " + property);
        }
    }

    /** The server may have told lower limits than those of the protocol. */
    private void checkLimits(Batch batch, int bytes) {
        ServerInfo limits = server();
        require("events", batch.size(), limits.batchEventsMax());
        require("bytes", bytes, limits.messageBytesMax());
        require("different texts", batch.textCount(), limits.batchTextsMax());
        require("different contexts", batch.contextCount(), limits.batchContextsMax());
    }

    private static void require(String what, long is, long max) {
        if (is > max) throw Batch.tooLarge(what, is, max);
    }

    /** The unfinished sessions of a visitor. */
    public SessionLookup lookup(VisitorKey visitor, long property) {
        return await(lookupAsync(visitor, property));
    }

    /** The unfinished sessions of a visitor. */
    public CompletableFuture<SessionLookup> lookupAsync(VisitorKey visitor, long property) {
        return lookup(LookupMessage.BY_VISITOR, visitor.bytes(), property);
    }

    /** The session with the id, or the one that it is part of now; none when it is finished or unknown. */
    public SessionLookup lookup(UUID session, long property) {
        return await(lookupAsync(session, property));
    }

    /** The session with the id, or the one that it is part of now; none when it is finished or unknown. */
    public CompletableFuture<SessionLookup> lookupAsync(UUID session, long property) {
        byte[] id = ByteBuffer.allocate(16).putLong(session.getMostSignificantBits())
            .putLong(session.getLeastSignificantBits()).array();
        return lookup(LookupMessage.BY_SESSION, id, property);
    }

    private CompletableFuture<SessionLookup> lookup(int by, byte[] key, long property) {
        checkProperty(property);
        return submit(
            new Request<>(
                Operation.LOOKUP, (int) property, LookupMessage.request(by, key),
                (header, reply) ->
                    new SessionLookup(LookupMessage.readClock(reply), LookupMessage.readReply(reply))));
    }

    /** What the server counts and measures of itself. */
    public ServerStatus status() {
        return await(statusAsync());
    }

    /** What the server counts and measures of itself. */
    public CompletableFuture<ServerStatus> statusAsync() {
        return submit(
            new Request<>(
                Operation.STATUS, 0, StatusMessage.request(),
                (header, reply) -> StatusMessage.readReply(reply)));
    }

    /**
     * A sender to which events are given one by one.
     *
     * @param eventsMax a batch is sent when it has so many events
     * @param delay a batch is sent when its first event is so old
     * @param listener is told of every batch, on a thread of the sender
     */
    public BufferedSender buffered(
        long property, int eventsMax, Duration delay, BufferedSender.Listener listener) {
        checkProperty(property);
        return new BufferedSender(this, property, eventsMax, delay, listener);
    }

    private <T> CompletableFuture<T> submit(Request<T> request) {
        courier.submit(request);
        return request.future;
    }

    private <T> T await(CompletableFuture<T> future) {
        if (courier.isOwnThread()) {
            throw new BadUseException(
                Kind.WRONG_THREAD, "to wait on the client's own thread would be to wait for ever");
        }
        try {
            return future.get();
        } catch (InterruptedException exception) {
            Thread.currentThread().interrupt();
            // What was asked goes on; for a batch that means that it may be applied.
            throw new NoAnswerException("the thread was interrupted before the answer came", true);
        } catch (ExecutionException exception) {
            if (exception.getCause() instanceof SojournException known) throw known;
            throw new IllegalStateException(exception.getCause());
        }
    }

    /** Ends the connection. What is not answered fails; what was sent may have been applied. */
    @Override
    public void close() {
        courier.close();
    }
}
