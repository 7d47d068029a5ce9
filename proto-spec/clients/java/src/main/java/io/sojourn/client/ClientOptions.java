package io.sojourn.client;

import io.sojourn.model.BadUseException;
import io.sojourn.model.SojournException.Kind;
import io.sojourn.model.UnsupportedException;
import io.sojourn.wire.Limits;
import io.sojourn.wire.Utf8;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a client connects, waits and retries. Values are checked as they are set, and what cannot be done is
 * refused before anything is tried.
 *
 * <pre>
 *   new ClientOptions("tcp://one:5571", "tcp://two:5571").timeout(Duration.ofSeconds(5))
 * </pre>
 */
public final class ClientOptions {
    private static final Pattern TCP =
        Pattern.compile("tcp://(?:\\[[0-9a-fA-F:.]+\\]|[^\\s:/\\[\\]]+):(\\d{1,5})");
    private static final Duration LONGEST = Duration.ofDays(1);

    private final List<String> endpoints;
    private Duration timeout = Duration.ofSeconds(10);
    private Duration attemptTimeout = Duration.ofSeconds(2);
    private int attempts = 3;
    private int inFlightMax = 64;
    private long producer;
    private long firstSequence = 1;
    private byte[] name = "sojourn-java/0.1.0".getBytes(StandardCharsets.UTF_8);
    private byte[] deployment = new byte[16];

    /**
     * @param endpoints at least one, {@code tcp://HOST:PORT}; the first is tried first
     * @throws BadUseException when an endpoint has another form
     * @throws UnsupportedException for {@code ipc}: JeroMQ speaks that only with itself
     */
    public ClientOptions(String... endpoints) {
        require(endpoints.length > 0, Kind.BAD_ENDPOINT, "there is no endpoint to connect to");
        for (String endpoint : endpoints) checkEndpoint(endpoint);
        this.endpoints = List.of(endpoints);
    }

    private static void checkEndpoint(String endpoint) {
        if (endpoint != null && endpoint.startsWith("ipc://")) {
            throw new UnsupportedException(
                "JeroMQ cannot reach a server through ipc: use tcp instead of " + endpoint);
        }
        Matcher matcher = TCP.matcher(endpoint == null ? "" : endpoint);
        boolean isGood = matcher.matches() && Integer.parseInt(matcher.group(1)) >= 1
            && Integer.parseInt(matcher.group(1)) <= 65_535;
        require(isGood, Kind.BAD_ENDPOINT, "an endpoint is tcp://HOST:PORT, not " + endpoint);
    }

    private static void require(boolean isGood, Kind kind, String sentence) {
        if (!isGood) throw new BadUseException(kind, sentence);
    }

    private static Duration check(Duration duration, String what) {
        boolean isGood = duration.compareTo(Duration.ofMillis(1)) >= 0 && duration.compareTo(LONGEST) <= 0;
        require(isGood, Kind.BAD_OPTION, what + " is 1 ms to a day, not " + duration);
        return duration;
    }

    /** How long a call takes at most, with its waiting and all its attempts; also the first connecting. */
    public ClientOptions timeout(Duration duration) {
        timeout = check(duration, "timeout");
        return this;
    }

    /** How long one attempt waits for its answer. */
    public ClientOptions attemptTimeout(Duration duration) {
        attemptTimeout = check(duration, "attemptTimeout");
        return this;
    }

    /** How many times a message is sent at most without an answer. */
    public ClientOptions attempts(int count) {
        require(count >= 1, Kind.BAD_OPTION, "attempts is at least 1, not " + count);
        attempts = count;
        return this;
    }

    /** Requests in flight at one time, if it is to be less than the server allows. */
    public ClientOptions inFlightMax(int count) {
        require(count >= 1, Kind.BAD_OPTION, "inFlightMax is at least 1, not " + count);
        inFlightMax = count;
        return this;
    }

    /**
     * Who numbers the batches; random when not set. A program that keeps it, and the number of its next
     * batch, can send its last batch again after a restart.
     *
     * @param id not 0
     */
    public ClientOptions producer(long id) {
        require(id != 0, Kind.BAD_OPTION, "producer is not 0");
        producer = id;
        return this;
    }

    /** Number of the first batch; unsigned. */
    public ClientOptions firstSequence(long sequence) {
        firstSequence = sequence;
        return this;
    }

    /** What the server's log calls this client; at most 255 bytes of UTF-8. */
    public ClientOptions name(String text) {
        byte[] bytes = Utf8.encode(text);
        require(
            bytes != null && bytes.length <= Limits.CLIENT_NAME_BYTES_MAX, Kind.BAD_OPTION,
            "a client's name has at most " + Limits.CLIENT_NAME_BYTES_MAX + " bytes of UTF-8");
        name = bytes;
        return this;
    }

    /** The deployment that the servers must be of: 32 hexadecimal digits, or a UUID. */
    public ClientOptions deployment(String id) {
        String digits = id.replace("-", "");
        require(
            digits.matches("[0-9a-fA-F]{32}"), Kind.BAD_OPTION,
            "a deployment id has 32 hexadecimal digits, not " + id);
        deployment = HexFormat.of().parseHex(digits);
        return this;
    }

    /**
     * Encrypts the connection: cannot be done with this version of JeroMQ.
     *
     * @throws UnsupportedException always
     */
    public ClientOptions curve(CurveKeys keys) {
        throw new UnsupportedException(
            "JeroMQ 0.3.6 has no CURVE: a connection to " + keys.serverPublic() + " cannot be encrypted");
    }

    List<String> endpoints() {
        return endpoints;
    }

    long timeoutNanoseconds() {
        return timeout.toNanos();
    }

    long attemptTimeoutNanoseconds() {
        return attemptTimeout.toNanos();
    }

    int attempts() {
        return attempts;
    }

    int inFlightMax() {
        return inFlightMax;
    }

    boolean hasOwnProducer() {
        return producer != 0;
    }

    /** Random unless it was set; not 0. */
    long producerOrRandom() {
        SecureRandom random = new SecureRandom();
        long id = producer;
        while (id == 0) id = random.nextLong();
        return id;
    }

    long firstSequence() {
        return firstSequence;
    }

    byte[] name() {
        return name;
    }

    /** 16 bytes; all zero for any. */
    byte[] deployment() {
        return deployment;
    }
}
