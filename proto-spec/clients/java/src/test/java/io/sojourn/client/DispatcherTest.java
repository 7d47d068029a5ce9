package io.sojourn.client;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import io.sojourn.model.BadReplyException;
import io.sojourn.model.ClosedException;
import io.sojourn.model.ErrorCode;
import io.sojourn.model.NoAnswerException;
import io.sojourn.model.RefusedException;
import io.sojourn.model.SojournException;
import io.sojourn.wire.Header;
import io.sojourn.wire.Operation;
import io.sojourn.wire.StatusMessage;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.junit.Test;

/** The clock of these tests stands still unless they move it; it counts milliseconds. */
public class DispatcherTest {
    private final FakeServer server = new FakeServer();
    private long milliseconds;

    private static ClientOptions options(String... endpoints) {
        return new ClientOptions(endpoints).timeout(Duration.ofMillis(1_000))
            .attemptTimeout(Duration.ofMillis(100)).attempts(3).producer(7);
    }

    private long now() {
        return milliseconds * 1_000_000;
    }

    private Dispatcher start(ClientOptions options) {
        Dispatcher dispatcher = new Dispatcher(options, server, now());
        dispatcher.tick(now());
        return dispatcher;
    }

    private Dispatcher connected(ClientOptions options) {
        Dispatcher dispatcher = start(options);
        dispatcher.received(server.hello(server.lastSent()), now());
        assertTrue(dispatcher.welcome().isDone());
        return dispatcher;
    }

    private Dispatcher connected() {
        return connected(options("tcp://a:1", "tcp://b:2"));
    }

    private Request<String> ask(Dispatcher dispatcher, Operation operation) {
        Request<String> request =
            new Request<>(operation, 1, StatusMessage.request(), (header, reply) -> "answered");
        dispatcher.submit(request, now());
        return request;
    }

    private void pass(Dispatcher dispatcher, long duration) {
        for (long end = milliseconds + duration; milliseconds < end;) {
            milliseconds++;
            dispatcher.tick(now());
        }
    }

    private static SojournException failure(Request<?> request) {
        assertTrue("it has not ended", request.future.isDone());
        CompletionException exception = assertThrows(CompletionException.class, request.future::join);
        return (SojournException) exception.getCause();
    }

    @Test
    public void greetsFirstAndSendsThen() {
        Dispatcher dispatcher = start(options("tcp://a:1"));
        Request<String> request = ask(dispatcher, Operation.STATUS);
        assertEquals(1, server.sent.size());
        dispatcher.received(server.hello(server.lastSent()), now());
        assertEquals(Operation.STATUS, FakeServer.header(server.lastSent()).operation());
        assertEquals(9, FakeServer.header(server.lastSent()).deployment());
        dispatcher.received(FakeServer.status(server.lastSent()), now());
        assertEquals("answered", request.future.join());
    }

    @Test
    public void batchesAreNumberedInOrder() {
        Dispatcher dispatcher = connected(options("tcp://a:1").firstSequence(41));
        for (int batch = 0; batch < 3; batch++) ask(dispatcher, Operation.ASSIGN);
        long expected = 41;
        for (byte[] frame : server.sent(Operation.ASSIGN)) {
            assertEquals(7, FakeServer.header(frame).producer());
            assertEquals(expected++, FakeServer.header(frame).sequence());
        }
        assertEquals(44, expected);
    }

    @Test
    public void noMoreThanTheCreditAreInFlight() {
        Dispatcher dispatcher = connected();
        for (int batch = 0; batch < 6; batch++) ask(dispatcher, Operation.ASSIGN);
        assertEquals(4, server.sent(Operation.ASSIGN).size());
        dispatcher.received(FakeServer.assigned(server.sent(Operation.ASSIGN).get(2)), now());
        assertEquals(5, server.sent(Operation.ASSIGN).size());
    }

    @Test
    public void inFlightMaxIsKept() {
        Dispatcher dispatcher = connected(options("tcp://a:1").inFlightMax(2));
        for (int batch = 0; batch < 6; batch++) ask(dispatcher, Operation.ASSIGN);
        assertEquals(2, server.sent(Operation.ASSIGN).size());
    }

    @Test
    public void withoutAnAnswerTheSameFramesGoToTheNextEndpoint() {
        Dispatcher dispatcher = connected();
        Request<String> first = ask(dispatcher, Operation.ASSIGN);
        Request<String> second = ask(dispatcher, Operation.ASSIGN);
        pass(dispatcher, 100);
        assertEquals(java.util.List.of("tcp://a:1", "tcp://b:2"), server.connections);
        assertEquals(Operation.HELLO, FakeServer.header(server.lastSent()).operation());
        dispatcher.received(server.hello(server.lastSent()), now());
        var frames = server.sent(Operation.ASSIGN);
        assertEquals(4, frames.size());
        assertArrayEquals(frames.get(0), frames.get(2));
        assertArrayEquals(frames.get(1), frames.get(3));
        dispatcher.received(FakeServer.assigned(frames.get(3)), now());
        dispatcher.received(FakeServer.assigned(frames.get(2)), now());
        assertEquals("answered", first.future.join());
        assertEquals("answered", second.future.join());
    }

    @Test
    public void aBrokenConnectionIsReplacedAtOnce() {
        Dispatcher dispatcher = connected();
        ask(dispatcher, Operation.ASSIGN);
        dispatcher.disconnected("cut", now());
        assertEquals(2, server.connections.size());
    }

    @Test
    public void anIdleClientConnectsWhenItHasSomethingToSend() {
        Dispatcher dispatcher = connected();
        dispatcher.disconnected("cut", now());
        pass(dispatcher, 10);
        assertEquals(1, server.connections.size());
        ask(dispatcher, Operation.STATUS);
        assertEquals(2, server.connections.size());
    }

    @Test
    public void afterTheLastAttemptTheOutcomeIsUnknown() {
        Dispatcher dispatcher = connected();
        Request<String> batch = ask(dispatcher, Operation.ASSIGN);
        Request<String> status = ask(dispatcher, Operation.STATUS);
        for (int attempt = 0; attempt < 3; attempt++) {
            pass(dispatcher, 100);
            dispatcher.received(server.hello(server.lastSent()), now());
        }
        assertEquals(3, server.sent(Operation.ASSIGN).size());
        assertTrue(failure(batch) instanceof NoAnswerException);
        assertTrue(failure(batch).mayHaveBeenApplied());
        assertFalse(failure(status).mayHaveBeenApplied());
    }

    @Test
    public void whatWasNeverSentWasNotApplied() {
        Dispatcher dispatcher = connected();
        for (int batch = 0; batch < 4; batch++) ask(dispatcher, Operation.ASSIGN);
        Request<String> fifth = ask(dispatcher, Operation.ASSIGN);
        pass(dispatcher, 1_000);
        assertTrue(failure(fifth) instanceof NoAnswerException);
        assertFalse(failure(fifth).mayHaveBeenApplied());
    }

    @Test
    public void noServerAtAll() {
        Dispatcher dispatcher = start(options("tcp://a:1", "tcp://b:2"));
        pass(dispatcher, 1_000);
        CompletionException exception = assertThrows(CompletionException.class, dispatcher.welcome()::join);
        assertTrue(exception.getCause() instanceof NoAnswerException);
        assertTrue(server.connections.size() > 5);
    }

    @Test
    public void refusedConnectionsArePausedAndTriedAgain() {
        Dispatcher dispatcher = start(options("tcp://a:1", "tcp://b:2"));
        for (int turn = 0; turn < 900; turn++) {
            if (server.isConnected) dispatcher.disconnected("refused", now());
            pass(dispatcher, 1);
        }
        assertTrue("" + server.connections.size(), server.connections.size() < 30);
        assertEquals(server.connections.get(0), server.connections.get(2));
        pass(dispatcher, 100);
        assertTrue(dispatcher.welcome().isCompletedExceptionally());
    }

    @Test
    public void anOverloadedServerIsLeftAloneAsLongAsItAsks() {
        Dispatcher dispatcher = connected();
        Request<String> request = ask(dispatcher, Operation.ASSIGN);
        byte[] frame = server.lastSent();
        dispatcher.received(FakeServer.error(frame, 20, true, 50), now());
        ask(dispatcher, Operation.ASSIGN);
        pass(dispatcher, 49);
        assertEquals(1, server.sent(Operation.ASSIGN).size());
        pass(dispatcher, 1);
        assertEquals(3, server.sent(Operation.ASSIGN).size());
        assertArrayEquals(frame, server.sent(Operation.ASSIGN).get(1));
        dispatcher.received(FakeServer.assigned(frame), now());
        assertEquals("answered", request.future.join());
        assertEquals(1, server.connections.size());
    }

    @Test
    public void anOverloadThatLastsIsReportedAsNotApplied() {
        Dispatcher dispatcher = connected();
        Request<String> request = ask(dispatcher, Operation.ASSIGN);
        while (!request.future.isDone()) {
            int sent = server.sent.size();
            dispatcher.received(FakeServer.error(server.lastSent(), 20, true, 200), now());
            while (server.sent.size() == sent && !request.future.isDone()) pass(dispatcher, 1);
        }
        RefusedException failure = (RefusedException) failure(request);
        assertEquals(ErrorCode.OVERLOADED, failure.code());
        assertEquals(Duration.ofMillis(200), failure.retryAfter());
        assertFalse(failure.mayHaveBeenApplied());
    }

    @Test
    public void aRefusalOfARepetitionLeavesTheOutcomeUnknown() {
        Dispatcher dispatcher = connected();
        Request<String> request = ask(dispatcher, Operation.ASSIGN);
        pass(dispatcher, 100);
        dispatcher.received(server.hello(server.lastSent()), now());
        dispatcher.received(FakeServer.error(server.lastSent(), 60, false, 0), now());
        assertTrue(failure(request).mayHaveBeenApplied());
    }

    @Test
    public void aRefusalForGoodIsReportedAtOnce() {
        Dispatcher dispatcher = connected();
        Request<String> request = ask(dispatcher, Operation.ASSIGN);
        dispatcher.received(FakeServer.error(server.lastSent(), 14, false, 0), now());
        RefusedException failure = (RefusedException) failure(request);
        assertEquals(ErrorCode.UNKNOWN_PROPERTY, failure.code());
        assertEquals("because", failure.sentence());
        assertEquals(-1, failure.offset());
        assertFalse(failure.mayHaveBeenApplied());
        assertFalse(failure.isRetriable());
    }

    @Test
    public void aDrainingServerAnswersWhatItHasAndIsLeft() {
        Dispatcher dispatcher = connected();
        Request<String> first = ask(dispatcher, Operation.ASSIGN);
        Request<String> second = ask(dispatcher, Operation.ASSIGN);
        byte[] firstFrame = server.sent(Operation.ASSIGN).get(0);
        byte[] secondFrame = server.sent(Operation.ASSIGN).get(1);
        dispatcher.received(FakeServer.error(secondFrame, 21, true, 20), now());
        assertEquals(1, server.connections.size());
        dispatcher.received(FakeServer.assigned(firstFrame), now());
        assertEquals("answered", first.future.join());
        pass(dispatcher, 20);
        assertEquals("tcp://b:2", server.connections.get(1));
        dispatcher.received(server.hello(server.lastSent()), now());
        assertArrayEquals(secondFrame, server.lastSent());
        dispatcher.received(FakeServer.assigned(secondFrame), now());
        assertEquals("answered", second.future.join());
    }

    @Test
    public void anotherDeploymentIsRefused() {
        Dispatcher dispatcher = start(options("tcp://a:1").deployment("0".repeat(31) + "1"));
        dispatcher.received(server.hello(server.lastSent()), now());
        CompletionException exception = assertThrows(CompletionException.class, dispatcher.welcome()::join);
        assertEquals(ErrorCode.WRONG_DEPLOYMENT, ((RefusedException) exception.getCause()).code());
    }

    @Test
    public void theDeploymentMetFirstIsKept() {
        Dispatcher dispatcher = connected();
        Request<String> request = ask(dispatcher, Operation.ASSIGN);
        pass(dispatcher, 100);
        server.deployment[0] = 1;
        dispatcher.received(server.hello(server.lastSent()), now());
        assertEquals(1, server.sent(Operation.ASSIGN).size());
        server.deployment[0] = 0;
        dispatcher.received(server.hello(server.lastSent()), now());
        assertEquals("tcp://a:1", server.connections.get(2));
        dispatcher.received(FakeServer.assigned(server.lastSent()), now());
        assertEquals("answered", request.future.join());
    }

    @Test
    public void unsoundAndUnaskedRepliesAreIgnored() {
        Dispatcher dispatcher = connected();
        Request<String> request = ask(dispatcher, Operation.ASSIGN);
        byte[] frame = server.lastSent();
        dispatcher.received(new byte[3], now());
        dispatcher.received(frame, now());
        dispatcher.received(FakeServer.status(frame), now());
        byte[] damaged = FakeServer.assigned(frame);
        damaged[70] ^= 1;
        dispatcher.received(damaged, now());
        byte[] unasked = FakeServer.assigned(frame);
        new Header(Operation.ASSIGN, true, 999, 7, 1, 0, 1, 9).seal(unasked);
        dispatcher.received(unasked, now());
        assertFalse(request.future.isDone());
        dispatcher.received(FakeServer.assigned(frame), now());
        assertTrue(request.future.isDone());
        dispatcher.received(FakeServer.assigned(frame), now());
    }

    @Test
    public void aSoundReplyThatBreaksTheProtocolIsReported() {
        Dispatcher dispatcher = connected();
        Request<Object> request = new Request<>(
            Operation.ASSIGN, 1, StatusMessage.request(),
            (header, reply) -> io.sojourn.wire.LookupMessage.readReply(reply));
        dispatcher.submit(request, now());
        dispatcher.received(FakeServer.assigned(server.lastSent()), now());
        BadReplyException failure = (BadReplyException) failure(request);
        assertEquals(ErrorCode.TRAILING_BYTES, failure.code());
        assertTrue(failure.mayHaveBeenApplied());
    }

    @Test
    public void batchesWaitForAnOldOneThatMayBeSentAgain() {
        server.producerWindow = 3;
        server.credit = 64;
        Dispatcher dispatcher = connected();
        for (int batch = 0; batch < 5; batch++) ask(dispatcher, Operation.ASSIGN);
        var frames = server.sent(Operation.ASSIGN);
        assertEquals(3, frames.size());
        dispatcher.received(FakeServer.assigned(frames.get(2)), now());
        assertEquals(3, server.sent(Operation.ASSIGN).size());
        dispatcher.received(FakeServer.assigned(frames.get(0)), now());
        assertEquals(4, server.sent(Operation.ASSIGN).size());
    }

    @Test
    public void refusedBatchesDoNotCarryARandomProducerOutOfItsWindow() {
        server.producerWindow = 3;
        ClientOptions options = new ClientOptions("tcp://a:1");
        Dispatcher dispatcher = connected(options);
        ask(dispatcher, Operation.ASSIGN);
        dispatcher.received(FakeServer.assigned(server.lastSent()), now());
        long producer = FakeServer.header(server.lastSent()).producer();
        for (int batch = 0; batch < 3; batch++) {
            ask(dispatcher, Operation.ASSIGN);
            assertEquals(producer, FakeServer.header(server.lastSent()).producer());
            dispatcher.received(FakeServer.error(server.lastSent(), 14, false, 0), now());
        }
        ask(dispatcher, Operation.ASSIGN);
        assertFalse(producer == FakeServer.header(server.lastSent()).producer());
        assertEquals(1, FakeServer.header(server.lastSent()).sequence());
    }

    @Test
    public void closingFailsWhatIsNotAnswered() {
        Dispatcher dispatcher = connected(options("tcp://a:1").inFlightMax(1));
        Request<String> sent = ask(dispatcher, Operation.ASSIGN);
        Request<String> waiting = ask(dispatcher, Operation.ASSIGN);
        dispatcher.close();
        Request<String> late = ask(dispatcher, Operation.ASSIGN);
        assertTrue(failure(sent) instanceof ClosedException);
        assertTrue(failure(sent).mayHaveBeenApplied());
        assertFalse(failure(waiting).mayHaveBeenApplied());
        assertFalse(failure(late).mayHaveBeenApplied());
        assertFalse(server.isConnected);
        assertSame(SojournException.Kind.CLOSED, failure(late).kind());
    }
}
