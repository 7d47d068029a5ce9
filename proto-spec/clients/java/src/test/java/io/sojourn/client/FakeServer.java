package io.sojourn.client;

import io.sojourn.wire.FormatException;
import io.sojourn.wire.Header;
import io.sojourn.wire.LittleEndian;
import io.sojourn.wire.Operation;
import java.util.ArrayList;
import java.util.List;

/** The other end of a {@link Dispatcher} under test: notes what is sent, and makes answers. */
final class FakeServer implements Dispatcher.Transport {
    final List<String> connections = new ArrayList<>();
    final List<byte[]> sent = new ArrayList<>();
    boolean takesFrames = true;
    boolean isConnected;
    byte[] deployment = new byte[16];
    int credit = 4;
    int producerWindow = 128;

    FakeServer() {
        deployment[15] = 9;
    }

    @Override
    public void connect(String endpoint) {
        connections.add(endpoint);
        isConnected = true;
    }

    @Override
    public boolean send(byte[] frame) {
        if (!takesFrames) return false;
        sent.add(frame.clone());
        return true;
    }

    @Override
    public void disconnect() {
        isConnected = false;
    }

    byte[] lastSent() {
        return sent.get(sent.size() - 1);
    }

    static Header header(byte[] request) {
        try {
            return Header.read(request, false, Integer.MAX_VALUE);
        } catch (FormatException exception) {
            throw new AssertionError(exception);
        }
    }

    /** Requests of this operation so far. */
    List<byte[]> sent(Operation operation) {
        return sent.stream().filter(frame -> header(frame).operation() == operation).toList();
    }

    private static byte[] reply(byte[] request, Operation operation, byte[] frame) {
        Header asked = header(request);
        new Header(
            operation, true, asked.correlation(), asked.producer(), asked.sequence(), 0, asked.property(), 9)
            .seal(frame);
        return frame;
    }

    byte[] hello(byte[] request) {
        byte[] frame = new byte[64 + 72];
        LittleEndian.put8(frame, 64, 1);
        System.arraycopy(deployment, 0, frame, 72, 16);
        LittleEndian.put32(frame, 64 + 32, 4 << 20);
        LittleEndian.put32(frame, 64 + 36, 65_535);
        LittleEndian.put32(frame, 64 + 52, credit);
        LittleEndian.put32(frame, 64 + 56, producerWindow);
        return reply(request, Operation.HELLO, frame);
    }

    /** An answer to a status without gauges. */
    static byte[] status(byte[] request) {
        return reply(request, Operation.STATUS, new byte[64 + 16]);
    }

    /** An answer to a batch, to be read by a reader that does not look into it. */
    static byte[] assigned(byte[] request) {
        return reply(request, Operation.ASSIGN, new byte[64 + 24]);
    }

    static byte[] error(byte[] request, int code, boolean isRetriable, int retryAfter) {
        byte[] sentence = "because".getBytes();
        byte[] frame = new byte[64 + 16 + sentence.length];
        LittleEndian.put16(frame, 64, code);
        LittleEndian.put8(frame, 66, isRetriable ? 1 : 0);
        LittleEndian.put32(frame, 68, retryAfter);
        LittleEndian.put32(frame, 72, -1);
        LittleEndian.put16(frame, 78, sentence.length);
        System.arraycopy(sentence, 0, frame, 80, sentence.length);
        return reply(request, Operation.ERROR, frame);
    }
}
