package io.sojourn.client;

import io.sojourn.model.Refusal;
import io.sojourn.model.SojournException;
import io.sojourn.wire.FormatException;
import io.sojourn.wire.Header;
import io.sojourn.wire.Operation;
import java.util.concurrent.CompletableFuture;

/**
 * Something asked of a server, until it is answered. Belongs to the {@link Dispatcher} once it was submitted.
 *
 * @param <T> what the answer is read as
 */
final class Request<T> {
    /** Makes sense of the frame of an answer, whose header was judged. */
    interface Reader<T> {
        T read(Header header, byte[] frame) throws FormatException;
    }

    final Operation operation;
    final int property;
    final byte[] frame;
    final Reader<T> reader;
    final CompletableFuture<T> future = new CompletableFuture<>();

    long correlation;
    /** Nobody waits any longer. */
    long deadline;
    /** An answer to the last attempt is overdue. */
    long attemptEnd;
    /** Of a batch that was sent. */
    long producer;
    long sequence;
    boolean isSealed;
    /** Times that it was sent and not answered: one of them may have been applied. */
    int unanswered;
    /** What the server said last. */
    Refusal refusal;
    /** It has failed, and keeps its place in flight until the server is done with it. */
    boolean isAbandoned;

    Request(Operation operation, int property, byte[] frame, Reader<T> reader) {
        this.operation = operation;
        this.property = property;
        this.frame = frame;
        this.reader = reader;
    }

    boolean isBatch() {
        return operation == Operation.ASSIGN;
    }

    boolean mayHaveBeenApplied() {
        return isBatch() && unanswered > 0;
    }

    void fail(SojournException exception) {
        future.completeExceptionally(exception);
    }

    void complete(Header header, byte[] reply) throws FormatException {
        future.complete(reader.read(header, reply));
    }
}
