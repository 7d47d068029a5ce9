package io.sojourn.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import io.sojourn.model.Assignment;
import io.sojourn.model.Boundary;
import io.sojourn.model.ClosedException;
import io.sojourn.model.Context;
import io.sojourn.model.ErrorCode;
import io.sojourn.model.Event;
import io.sojourn.model.EventKind;
import io.sojourn.model.KnownSession;
import io.sojourn.model.NoAnswerException;
import io.sojourn.model.Outcome;
import io.sojourn.model.RefusedException;
import io.sojourn.model.Revision;
import io.sojourn.model.RevisionCause;
import io.sojourn.model.SojournException;
import io.sojourn.model.SojournException.Kind;
import io.sojourn.model.VisitorKey;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.After;
import org.junit.Assume;
import org.junit.Before;
import org.junit.Test;

/** Against a server of its own each. */
public class SojournClientTest {
    private static final VisitorKey ANNA = VisitorKey.of("anna");
    private static final Instant NOON = Instant.parse("2025-06-15T12:00:00Z");

    private LiveServer server;

    @Before
    public void start() throws IOException {
        Assume.assumeTrue("SOJOURN_BINARY is not set", LiveServer.isAvailable());
        server = new LiveServer();
    }

    @After
    public void stop() {
        if (server != null) server.close();
    }

    private SojournClient connect() {
        return SojournClient.connect(server.endpoint());
    }

    private ClientOptions quick(String... endpoints) {
        return new ClientOptions(endpoints).timeout(Duration.ofSeconds(20))
            .attemptTimeout(Duration.ofMillis(500));
    }

    private static Event view(int minutes, String page) {
        return Event.view(ANNA, NOON.plus(Duration.ofMinutes(minutes)), page);
    }

    @Test
    public void assignsEventsAndLooksThemUp() {
        try (SojournClient client = connect()) {
            assertEquals(1, client.server().version());
            Context context = Context.EMPTY.withDevice("phone").withCampaignName("spring");
            Assignments first = client.assign(
                List.of(
                    view(0, "/home").withContext(context), view(1, "/shoes"),
                    Event.of(EventKind.CONVERSION, ANNA, NOON.plusSeconds(90)).withValue(12.50),
                    Event.of(EventKind.HEARTBEAT, VisitorKey.of("bo"), NOON)),
                1);
            assertEquals(4, first.size());
            assertEquals(Outcome.NEW, first.get(0).outcome());
            assertEquals(Outcome.EXTENDED, first.get(2).outcome());
            assertEquals(first.get(0).sessionId(), first.get(2).sessionId());
            assertEquals(3, first.get(2).position());
            assertEquals(1, first.get(0).ordinal());
            assertEquals(Boundary.FIRST, first.get(0).boundary());
            assertTrue(first.get(0).session().state().isEngaged());
            assertEquals(NOON, first.get(0).session().start());
            assertEquals(new Assignment(null, 0, Outcome.REJECTED_NO_SESSION), first.get(3));
            assertNull(first.get(3).sessionId());
            assertTrue(first.clockMilliseconds().isEmpty());
            assertEquals(1, first.sequence());

            KnownSession known = client.lookup(ANNA, 1).sessions().get(0);
            assertEquals(first.get(0).sessionId(), known.id());
            assertEquals(12_500_000, known.valueMicroUnits());
            assertEquals("/home", known.landingPage());
            assertEquals("/shoes", known.exitPage());
            assertEquals(2, known.path().size());
            assertEquals(context.withChannel("unassigned"), known.context());
            assertNull(known.boundaryOut());
            assertEquals(List.of(known), client.lookup(known.id(), 1).sessions());
            assertEquals(List.of(), client.lookup(UUID.randomUUID(), 1).sessions());
            RefusedException unknown =
                assertThrows(RefusedException.class, () -> client.lookup(ANNA, 2));
            assertEquals(ErrorCode.UNKNOWN_PROPERTY, unknown.code());
            assertTrue(client.status().gauges().size() > 5);
        }
    }

    @Test
    public void handsRevisionsOn() {
        try (SojournClient client = connect()) {
            Assignments first = client.assign(List.of(view(0, "/a"), view(35, "/b")), 1);
            assertNotEquals(first.get(0).sessionId(), first.get(1).sessionId());
            Assignments second = client.assign(List.of(view(10, "/c")), 1);
            assertEquals(Outcome.MERGED, second.get(0).outcome());
            Revision revision = second.revisions().get(0);
            assertEquals(first.get(1).sessionId(), revision.from());
            assertEquals(first.get(0).sessionId(), revision.into());
            assertEquals(RevisionCause.BRIDGE, revision.cause());
            assertEquals(1, revision.number());
        }
    }

    @Test
    public void manyBatchesAreOnTheirWayAtOnce() {
        try (SojournClient client = connect()) {
            List<CompletableFuture<Assignments>> answers = new ArrayList<>();
            for (int batch = 0; batch < 300; batch++) {
                VisitorKey visitor = VisitorKey.of("v" + batch % 10);
                answers.add(client.assignAsync(List.of(Event.view(visitor, NOON.plusMillis(batch), "/")), 1));
            }
            for (int batch = 0; batch < 300; batch++) {
                assertEquals(batch + 1, answers.get(batch).join().sequence());
                assertEquals(batch / 10 + 1, answers.get(batch).join().get(0).position());
            }
        }
    }

    @Test
    public void severalThreadsMayAsk() {
        try (SojournClient client = connect()) {
            List<Long> positions = IntStream.range(0, 200).parallel()
                .mapToObj(number -> client.assign(List.of(view(0, "/" + number)), 1).get(0).position())
                .sorted().toList();
            assertEquals(IntStream.rangeClosed(1, 200).mapToObj(Long::valueOf).toList(), positions);
        }
    }

    @Test
    public void aBatchSentAgainAfterARestartOfTheClientIsAppliedOnce() {
        UUID id;
        try (SojournClient client =
            SojournClient.connect(quick(server.endpoint()).producer(77).firstSequence(5))) {
            id = client.assign(List.of(view(0, "/")), 1).get(0).sessionId();
        }
        try (SojournClient client =
            SojournClient.connect(quick(server.endpoint()).producer(77).firstSequence(5))) {
            Assignments again = client.assign(List.of(view(0, "/")), 1);
            assertEquals(id, again.get(0).sessionId());
            assertEquals(Outcome.NEW, again.get(0).outcome());
            assertEquals(1, client.lookup(ANNA, 1).sessions().get(0).events());
            Assignments next = client.assign(List.of(view(0, "/")), 1);
            assertEquals(6, next.sequence());
        }
        try (SojournClient client =
            SojournClient.connect(quick(server.endpoint()).producer(77).firstSequence(5))) {
            RefusedException reused = assertThrows(
                RefusedException.class, () -> client.assign(List.of(view(0, "/other")), 1));
            assertEquals(ErrorCode.SEQUENCE_REUSED, reused.code());
            assertEquals(24, reused.offset());
            assertFalse(reused.mayHaveBeenApplied());
        }
    }

    @Test
    public void theNextServerIsTakenWhenOneDies() throws IOException {
        try (LiveServer other = new LiveServer();
            SojournClient client =
                SojournClient.connect(quick(server.endpoint(), other.endpoint()))) {
            client.assign(List.of(view(0, "/")), 1);
            server.kill();
            assertEquals(1, client.assign(List.of(view(1, "/")), 1).get(0).position());
        }
    }

    @Test
    public void aServerThatCameBackIsGreetedAgain() throws IOException {
        try (SojournClient client = SojournClient.connect(quick(server.endpoint()))) {
            client.assign(List.of(view(0, "/")), 1);
            server.kill();
            CompletableFuture<Assignments> answer = client.assignAsync(List.of(view(1, "/")), 1);
            server.start();
            assertEquals(1, answer.join().size());
            assertTrue(client.status().gauges().size() > 5);
        }
    }

    @Test
    public void aServerThatHangsBeforeTheGreetingHasAppliedNothing() throws IOException {
        try (SojournClient client = SojournClient.connect(
            quick(server.endpoint()).timeout(Duration.ofMillis(800)))) {
            server.kill();
            // Until the client has noticed; what is sent before may have been applied.
            LiveServer.pause(300);
            try (ServerSocket silent = new ServerSocket(
                Integer.parseInt(server.endpoint().substring("tcp://127.0.0.1:".length())))) {
                assertFalse(silent.isClosed());
                NoAnswerException exception = assertThrows(
                    NoAnswerException.class, () -> client.assign(List.of(view(0, "/")), 1));
                assertFalse(exception.mayHaveBeenApplied());
            }
        }
    }

    @Test
    public void aServerThatIsDownIsReported() {
        server.kill();
        NoAnswerException exception = assertThrows(
            NoAnswerException.class,
            () -> SojournClient.connect(quick(server.endpoint()).timeout(Duration.ofMillis(500))));
        assertFalse(exception.mayHaveBeenApplied());
        assertTrue(exception.getMessage(), exception.getMessage().contains(server.endpoint()));
    }

    @Test
    public void anUnknownHostIsReported() {
        assertThrows(
            NoAnswerException.class,
            () -> SojournClient.connect(
                quick("tcp://no-such-host.invalid:5571").timeout(Duration.ofMillis(500))));
    }

    @Test
    public void anotherDeploymentIsRefused() {
        RefusedException exception = assertThrows(
            RefusedException.class,
            () -> SojournClient.connect(
                quick(server.endpoint()).deployment("00112233-4455-6677-8899-aabbccddeeff")));
        assertEquals(ErrorCode.WRONG_DEPLOYMENT, exception.code());
    }

    @Test
    public void badUseIsFoundBeforeAnythingIsSent() {
        try (SojournClient client = connect()) {
            SojournException empty =
                assertThrows(SojournException.class, () -> client.assign(List.of(), 1));
            assertEquals(Kind.EMPTY_BATCH, empty.kind());
            SojournException property =
                assertThrows(SojournException.class, () -> client.assign(List.of(view(0, "/")), -1));
            assertEquals(Kind.BAD_OPTION, property.kind());
            assertEquals(1, client.assign(List.of(view(0, "/")), 1).sequence());
        }
    }

    @Test
    public void aClosedClientSaysSo() {
        SojournClient client = connect();
        client.close();
        client.close();
        ClosedException exception =
            assertThrows(ClosedException.class, () -> client.assign(List.of(view(0, "/")), 1));
        assertFalse(exception.mayHaveBeenApplied());
        assertThrows(ClosedException.class, client::status);
    }

    @Test
    public void waitingOnTheClientsOwnThreadIsRefused() {
        try (SojournClient client = connect()) {
            Thread caller = Thread.currentThread();
            AtomicBoolean ranElsewhere = new AtomicBoolean();
            CompletableFuture<Object> waiting;
            // An answer that is there before somebody waits for it is taken on the caller's thread.
            do {
                waiting = client.statusAsync().thenApply(status -> {
                    ranElsewhere.set(Thread.currentThread() != caller);
                    return ranElsewhere.get() ? client.status() : status;
                });
                waiting.handle((status, exception) -> status).join();
            } while (!ranElsewhere.get());
            CompletionException exception =
                assertThrows(CompletionException.class, waiting::join);
            assertEquals(Kind.WRONG_THREAD, ((SojournException) exception.getCause()).kind());
        }
    }

    private static final class Notes implements BufferedSender.Listener {
        final List<Integer> sizes = Collections.synchronizedList(new ArrayList<>());
        final List<SojournException> failures = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void assigned(List<Event> events, Assignments assignments) {
            assertEquals(events.size(), assignments.size());
            sizes.add(events.size());
        }

        @Override
        public void failed(List<Event> events, SojournException exception) {
            failures.add(exception);
        }
    }

    @Test
    public void aBufferedSenderSendsWhatIsFullOrOld() {
        Notes notes = new Notes();
        try (SojournClient client = connect()) {
            try (BufferedSender sender = client.buffered(1, 10, Duration.ofMillis(50), notes)) {
                for (int event = 0; event < 25; event++) sender.add(view(0, "/" + event));
                for (int turn = 0; turn < 100 && notes.sizes.size() < 3; turn++) LiveServer.pause(20);
                assertEquals(List.of(10, 10, 5), notes.sizes);
                sender.add(view(0, "/"));
                sender.flush().join();
                assertEquals(List.of(10, 10, 5, 1), notes.sizes);
                sender.add(view(0, "/").withName(""));
                sender.flush().join();
                assertEquals(Kind.BAD_TEXT, notes.failures.get(0).kind());
                for (int event = 0; event < 3; event++) sender.add(view(0, "/" + event));
            }
            assertEquals(List.of(10, 10, 5, 1, 3), notes.sizes);
            BufferedSender closed = client.buffered(1, 10, Duration.ofMillis(50), notes);
            closed.close();
            assertThrows(ClosedException.class, () -> closed.add(view(0, "/")));
        }
    }

    @Test
    public void aBufferedSenderTellsFailures() {
        Notes notes = new Notes();
        try (SojournClient client =
            SojournClient.connect(quick(server.endpoint()).timeout(Duration.ofMillis(400)))) {
            server.kill();
            try (BufferedSender sender = client.buffered(1, 2, Duration.ofSeconds(10), notes)) {
                for (int event = 0; event < 4; event++) sender.add(view(0, "/" + event));
            }
            assertEquals(2, notes.failures.size());
            assertEquals(Kind.NO_ANSWER, notes.failures.get(0).kind());
        }
    }
}
