package io.sojourn.client;

import io.sojourn.model.BadReplyException;
import io.sojourn.model.ClosedException;
import io.sojourn.model.ErrorCode;
import io.sojourn.model.NoAnswerException;
import io.sojourn.model.Refusal;
import io.sojourn.model.RefusedException;
import io.sojourn.model.ServerInfo;
import io.sojourn.model.SojournException;
import io.sojourn.wire.ErrorMessage;
import io.sojourn.wire.FormatException;
import io.sojourn.wire.Header;
import io.sojourn.wire.HelloMessage;
import io.sojourn.wire.Limits;
import io.sojourn.wire.Operation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * Decides what is sent when, what answers mean, and when to give up. It has no thread, no clock and no
 * socket: the {@link Courier} tells it what happens and carries its frames. A request goes this way:
 *
 * <pre>
 *   submit -> waiting -> in flight -> answered, or refused for good
 *                 ^           |
 *                 again  <----+  refused for now; no answer in time; connection lost
 * </pre>
 *
 * and the connection this way, from endpoint to endpoint:
 *
 * <pre>
 *   down -> greeting -> up -> leaving (the server is about to stop) -> down
 * </pre>
 *
 * A connection is opened when there is something to send. Times are nanoseconds of one monotonic clock.
 */
final class Dispatcher {
    /** Where frames go. */
    interface Transport {
        /** Drops the connection, and opens one to this endpoint. */
        void connect(String endpoint);

        /** Returns whether the frame was taken. */
        boolean send(byte[] frame);

        void disconnect();
    }

    private enum Link { DOWN, GREETING, UP, LEAVING }

    private static final long MILLISECOND = 1_000_000;
    private static final long LEAVING_NANOSECONDS = 1_000 * MILLISECOND;
    private static final int PAUSE_DOUBLINGS_MAX = 6;

    private final ClientOptions options;
    private final Transport transport;
    /** Of the first greeting. */
    private final CompletableFuture<ServerInfo> welcome = new CompletableFuture<>();
    private final long welcomeDeadline;

    /** Never sent, in order of submission. */
    private final ArrayDeque<Request<?>> waiting = new ArrayDeque<>();
    /** In the order in which they were sent. */
    private final Map<Long, Request<?>> inFlight = new LinkedHashMap<>();
    /** To be sent again, in order of submission. */
    private final TreeMap<Long, Request<?>> again = new TreeMap<>();

    private Link link = Link.DOWN;
    private int endpoint = -1;
    /** In DOWN: nothing is tried before. In GREETING and LEAVING: they end. */
    private long linkTimer;
    private long greeting;
    private int failures;
    private int refusedGreetings;
    private SojournException linkFault;

    private byte[] deployment;
    private volatile ServerInfo server;
    private int credit = 1;
    private long pausedUntil;
    private int refusalStreak;
    private long nextCorrelation = 1;
    private long producer;
    private long sequence;
    private boolean hasApplied;
    private long appliedSequence;
    private boolean isClosed;

    Dispatcher(ClientOptions options, Transport transport, long now) {
        this.options = options;
        this.transport = transport;
        deployment = options.deployment();
        producer = options.producerOrRandom();
        sequence = options.firstSequence();
        welcomeDeadline = now + options.timeoutNanoseconds();
        linkTimer = now;
        pausedUntil = now;
    }

    CompletableFuture<ServerInfo> welcome() {
        return welcome;
    }

    /** What the last greeting told; null before the first. May be asked by any thread. */
    ServerInfo server() {
        return server;
    }

    // ---- Requests come and go

    void submit(Request<?> request, long now) {
        if (isClosed) {
            request.fail(new ClosedException("the client is closed", false));
            return;
        }
        request.correlation = nextCorrelation++;
        request.deadline = now + options.timeoutNanoseconds();
        waiting.add(request);
        pump(now);
    }

    /** Fails everything that is not answered. */
    void close() {
        isClosed = true;
        List<Request<?>> all = new ArrayList<>(waiting);
        all.addAll(again.values());
        all.addAll(inFlight.values());
        waiting.clear();
        again.clear();
        inFlight.clear();
        for (Request<?> request : all) {
            String sentence = "the client was closed before the answer came";
            request.fail(new ClosedException(sentence, request.mayHaveBeenApplied()));
        }
        welcome.completeExceptionally(new ClosedException("the client was closed", false));
        transport.disconnect();
        link = Link.DOWN;
    }

    private boolean hasWork() {
        return !welcome.isDone() || !waiting.isEmpty() || !again.isEmpty();
    }

    // ---- The connection

    private void connect(long now) {
        endpoint = (endpoint + 1) % options.endpoints().size();
        link = Link.GREETING;
        linkTimer = now + options.attemptTimeoutNanoseconds();
        greeting = nextCorrelation++;
        byte[] frame =
            HelloMessage.request(Limits.VERSION, Limits.VERSION, 0, deployment, options.name());
        new Header(Operation.HELLO, false, greeting, 0, 0, 0, 0, 0).seal(frame);
        try {
            transport.connect(options.endpoints().get(endpoint));
        } catch (RuntimeException exception) {
            disconnected(exception.getMessage(), now);
            return;
        }
        if (!transport.send(frame)) disconnected("it takes nothing", now);
    }

    /** The connection is broken, or could not be made. */
    void disconnected(String reason, long now) {
        switch (link) {
            case DOWN -> { }
            case GREETING -> {
                String sentence = "no connection to " + options.endpoints().get(endpoint);
                greetingFailed(
                    new NoAnswerException(reason == null ? sentence : sentence + ": " + reason, false), now);
            }
            case UP, LEAVING -> dropLink(now, now);
        }
    }

    private void greetingFailed(SojournException fault, long now) {
        linkFault = fault;
        int doublings = Math.min(failures / options.endpoints().size(), PAUSE_DOUBLINGS_MAX);
        failures++;
        // Endpoints are tried without a pause until all have failed.
        boolean hasOthers = failures % options.endpoints().size() != 0;
        dropLink(hasOthers ? now : now + (10 * MILLISECOND << doublings), now);
    }

    /** Gives the connection up; what was in flight is to be sent again over the next. */
    private void dropLink(long retryAt, long now) {
        transport.disconnect();
        link = Link.DOWN;
        linkTimer = retryAt;
        for (Request<?> request : new ArrayList<>(inFlight.values())) {
            if (request.isAbandoned) continue;
            if (request.unanswered >= options.attempts()) failUnanswered(request);
            else again.put(request.correlation, request);
        }
        inFlight.clear();
        pump(now);
    }

    private void failUnanswered(Request<?> request) {
        String sentence = request.unanswered == 0
            ? "no server took it in time" + because()
            : "no answer in time, after " + request.unanswered
                + (request.unanswered == 1 ? " attempt" : " attempts") + because();
        request.fail(new NoAnswerException(sentence, request.mayHaveBeenApplied()));
    }

    private String because() {
        return linkFault == null ? "" : ": " + linkFault.getMessage();
    }

    private void welcomed(byte[] frame, long now) throws FormatException {
        ServerInfo info = HelloMessage.readReply(frame);
        byte[] met = HexFormat.of().parseHex(info.deployment());
        boolean isWanted = Arrays.equals(deployment, new byte[16])
            || Arrays.equals(deployment, met);
        if (info.version() != Limits.VERSION) {
            String sentence = "the server chose version " + info.version();
            greetingRefused(refusal(ErrorCode.UNSUPPORTED_VERSION, sentence), now);
        } else if (!isWanted) {
            String sentence = "the server is of " + info.deployment();
            greetingRefused(refusal(ErrorCode.WRONG_DEPLOYMENT, sentence), now);
        } else {
            deployment = met;
            server = info;
            credit = (int) Math.max(1, Math.min(info.credit(), options.inFlightMax()));
            link = Link.UP;
            failures = 0;
            refusedGreetings = 0;
            linkFault = null;
            welcome.complete(info);
            pump(now);
        }
    }

    private static Refusal refusal(ErrorCode code, String sentence) {
        return new Refusal(code, false, 0, FormatException.NO_OFFSET, 0, 0, sentence);
    }

    private void greetingRefused(Refusal refusal, long now) {
        refusedGreetings = refusal.isRetriable() ? 0 : refusedGreetings + 1;
        if (refusedGreetings >= options.endpoints().size()) {
            failEverything(refusal);
            refusedGreetings = 0;
        }
        pausedUntil = Math.max(pausedUntil, now + refusal.retryAfterMilliseconds() * MILLISECOND);
        greetingFailed(new RefusedException(refusal, false), now);
    }

    /** All endpoints have refused for good. */
    private void failEverything(Refusal refusal) {
        welcome.completeExceptionally(new RefusedException(refusal, false));
        List<Request<?>> all = new ArrayList<>(again.values());
        all.addAll(waiting);
        again.clear();
        waiting.clear();
        for (Request<?> request : all) {
            request.fail(new RefusedException(refusal, request.mayHaveBeenApplied()));
        }
    }

    // ---- Sending

    /** Sends what can be sent. */
    private void pump(long now) {
        if (isClosed) return;
        if (link == Link.DOWN && hasWork() && linkTimer <= now && pausedUntil <= now) connect(now);
        while (link == Link.UP && pausedUntil <= now && inFlight.size() < credit) {
            Request<?> request = nextToSend();
            if (request == null) return;
            request.unanswered++;
            request.attemptEnd = now + options.attemptTimeoutNanoseconds();
            inFlight.put(request.correlation, request);
            if (!transport.send(request.frame)) {
                request.unanswered--;
                dropLink(now, now);
            }
        }
    }

    private Request<?> nextToSend() {
        Map.Entry<Long, Request<?>> repeated = again.pollFirstEntry();
        if (repeated != null) return repeated.getValue();
        Request<?> request = waiting.peek();
        if (request == null || request.isBatch() && !prepareStamp()) return null;
        waiting.remove();
        if (request.isBatch()) {
            request.producer = producer;
            request.sequence = sequence++;
        }
        new Header(
            request.operation, false, request.correlation, request.producer, request.sequence, 0,
            request.property, server.deploymentTag()).seal(request.frame);
        return request;
    }

    /**
     * Sees to it that the next batch has a number that the server takes; false while an earlier batch must be
     * settled first. A server remembers so many batches behind the highest, and takes so many beyond it: what
     * may have to be sent again must not fall out of that window, nor may refused batches carry the numbers
     * beyond it. For that there is a new producer, unless the user chose one.
     */
    private boolean prepareStamp() {
        long window = server.producerWindow();
        long unsettled = 0;
        for (Request<?> request : inFlight.values()) {
            if (request.isBatch() && request.producer == producer) {
                unsettled = Math.max(unsettled, sequence - request.sequence);
            }
        }
        if (unsettled >= window) return false;
        if (!hasApplied || options.hasOwnProducer() || sequence - appliedSequence <= window) return true;
        if (unsettled > 0) return false;
        producer = options.producerOrRandom();
        sequence = 1;
        hasApplied = false;
        return true;
    }

    // ---- Answers

    /** A frame has arrived. What is no sound reply to something asked is dropped. */
    void received(byte[] frame, long now) {
        Header header;
        try {
            header = Header.readReply(frame);
        } catch (FormatException exception) {
            return;
        }
        if (link == Link.GREETING && header.correlation() == greeting) {
            greeted(header, frame, now);
            return;
        }
        Request<?> request = inFlight.get(header.correlation());
        if (request == null) return;
        if (header.operation() == Operation.ERROR) {
            inFlight.remove(request.correlation);
            refused(request, frame, now);
        } else if (header.operation() == request.operation) {
            inFlight.remove(request.correlation);
            answered(request, header, frame);
        }
        if (link == Link.LEAVING && inFlight.isEmpty()) dropLink(now, now);
        pump(now);
    }

    private void greeted(Header header, byte[] frame, long now) {
        try {
            switch (header.operation()) {
                case HELLO -> welcomed(frame, now);
                case ERROR -> greetingRefused(ErrorMessage.readReply(frame), now);
                default -> { }
            }
        } catch (FormatException exception) {
            greetingFailed(badReply(exception, false), now);
        }
    }

    private static BadReplyException badReply(FormatException exception, boolean mayHaveBeenApplied) {
        return new BadReplyException(
            exception.code(), exception.offset(), "the answer breaks the protocol: " + exception.getMessage(),
            mayHaveBeenApplied);
    }

    private void answered(Request<?> request, Header header, byte[] frame) {
        refusalStreak = 0;
        boolean isHighest = !hasApplied || request.sequence - appliedSequence > 0;
        if (request.isBatch() && request.producer == producer && isHighest) {
            hasApplied = true;
            appliedSequence = request.sequence;
        }
        if (request.isAbandoned) return;
        try {
            request.complete(header, frame);
        } catch (FormatException exception) {
            request.fail(badReply(exception, request.mayHaveBeenApplied()));
        }
    }

    private void refused(Request<?> request, byte[] frame, long now) {
        if (request.isAbandoned) return;
        Refusal refusal;
        try {
            refusal = ErrorMessage.readReply(frame);
        } catch (FormatException exception) {
            request.fail(badReply(exception, request.mayHaveBeenApplied()));
            return;
        }
        // What may have been applied in part says no more than silence.
        if (!refusal.code().equals(ErrorCode.INCOMPLETE)) request.unanswered--;
        request.refusal = refusal;
        long pause = pause(refusal);
        if (!refusal.isRetriable() || now + pause >= request.deadline) {
            request.fail(new RefusedException(refusal, request.mayHaveBeenApplied()));
            return;
        }
        again.put(request.correlation, request);
        pausedUntil = Math.max(pausedUntil, now + pause);
        if (refusal.code().equals(ErrorCode.DRAINING) && link == Link.UP) {
            link = Link.LEAVING;
            linkTimer = now + LEAVING_NANOSECONDS;
        }
    }

    /** What the server asks for; where it says nothing, 10 ms and more from refusal to refusal. */
    private long pause(Refusal refusal) {
        if (!refusal.isRetriable()) return 0;
        int doublings = Math.min(refusalStreak++, PAUSE_DOUBLINGS_MAX);
        if (refusal.retryAfterMilliseconds() > 0) return refusal.retryAfterMilliseconds() * MILLISECOND;
        return 10 * MILLISECOND << doublings;
    }

    // ---- Time

    /** When {@link #tick} has something to do next, if nothing happens before. */
    long nextTimer(long now) {
        long next = now + 3_600_000 * MILLISECOND;
        if (!welcome.isDone()) next = Math.min(next, welcomeDeadline);
        if (link == Link.DOWN && hasWork()) next = Math.min(next, Math.max(linkTimer, pausedUntil));
        if (link == Link.GREETING || link == Link.LEAVING) next = Math.min(next, linkTimer);
        if (link == Link.UP && pausedUntil > now) next = Math.min(next, pausedUntil);
        if (!waiting.isEmpty()) next = Math.min(next, waiting.peek().deadline);
        if (!again.isEmpty()) next = Math.min(next, again.firstEntry().getValue().deadline);
        for (Request<?> request : inFlight.values()) {
            next = Math.min(next, request.attemptEnd);
            if (!request.isAbandoned) next = Math.min(next, request.deadline);
        }
        return next;
    }

    void tick(long now) {
        if (isClosed) return;
        failOverdue(now);
        boolean isDead = inFlight.values().stream().anyMatch(request -> request.attemptEnd <= now);
        if (link == Link.GREETING && linkTimer <= now) {
            disconnected("no answer", now);
        } else if (isDead || link == Link.LEAVING && (linkTimer <= now || inFlight.isEmpty())) {
            dropLink(now, now);
        }
        pump(now);
    }

    private void failOverdue(long now) {
        if (!welcome.isDone() && welcomeDeadline <= now) {
            welcome.completeExceptionally(
                linkFault != null ? linkFault : new NoAnswerException("no server answered in time", false));
        }
        while (!waiting.isEmpty() && waiting.peek().deadline <= now) failAtDeadline(waiting.remove());
        for (Iterator<Request<?>> all = again.values().iterator(); all.hasNext();) {
            Request<?> request = all.next();
            if (request.deadline > now) continue;
            all.remove();
            failAtDeadline(request);
        }
        for (Request<?> request : inFlight.values()) {
            if (request.isAbandoned || request.deadline > now) continue;
            failAtDeadline(request);
            request.isAbandoned = true;
        }
    }

    private void failAtDeadline(Request<?> request) {
        if (request.refusal != null && request.unanswered == 0) {
            request.fail(new RefusedException(request.refusal, false));
        } else {
            failUnanswered(request);
        }
    }
}
