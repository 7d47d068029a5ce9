package io.sojourn.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import io.sojourn.model.SojournException;
import io.sojourn.model.SojournException.Kind;
import io.sojourn.model.UnsupportedException;
import java.time.Duration;
import java.util.List;
import org.junit.Test;

public class ClientOptionsTest {
    private static final String KEY = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

    private static void assertRefused(Kind kind, Runnable use) {
        SojournException exception = assertThrows(SojournException.class, use::run);
        assertEquals(exception.getMessage(), kind, exception.kind());
    }

    @Test
    public void endpointsAreTcpWithAPort() {
        new ClientOptions("tcp://127.0.0.1:5571", "tcp://sojourn.example:1", "tcp://[::1]:65535");
        List<String> bad = List.of(
            "", "5571", "tcp://", "tcp://host", "tcp://host:", "tcp://:5571", "tcp://host:0",
            "tcp://host:65536", "tcp://host:x", "tcp://ho st:1", "udp://host:1", "http://host:1",
            "tcp://host:1/path");
        for (String endpoint : bad) assertRefused(Kind.BAD_ENDPOINT, () -> new ClientOptions(endpoint));
        assertRefused(Kind.BAD_ENDPOINT, () -> new ClientOptions());
        assertRefused(Kind.BAD_ENDPOINT, () -> new ClientOptions((String) null));
    }

    @Test
    public void ipcCannotBeDone() {
        assertRefused(Kind.UNSUPPORTED, () -> new ClientOptions("ipc:///run/sojourn"));
    }

    @Test
    public void curveCannotBeDone() {
        ClientOptions options = new ClientOptions("tcp://a:1");
        CurveKeys keys = new CurveKeys(KEY, KEY, KEY);
        UnsupportedException exception =
            assertThrows(UnsupportedException.class, () -> options.curve(keys));
        assertTrue(exception.getMessage(), exception.getMessage().contains("CURVE"));
        assertRefused(Kind.BAD_OPTION, () -> new CurveKeys(KEY, KEY, "short"));
        assertEquals(2, keys.toString().split("rq:rM", -1).length - 1);
    }

    @Test
    public void optionsHaveTheirRanges() {
        ClientOptions options = new ClientOptions("tcp://a:1");
        assertRefused(Kind.BAD_OPTION, () -> options.timeout(Duration.ZERO));
        assertRefused(Kind.BAD_OPTION, () -> options.attemptTimeout(Duration.ofDays(2)));
        assertRefused(Kind.BAD_OPTION, () -> options.attempts(0));
        assertRefused(Kind.BAD_OPTION, () -> options.inFlightMax(0));
        assertRefused(Kind.BAD_OPTION, () -> options.producer(0));
        assertRefused(Kind.BAD_OPTION, () -> options.name("x".repeat(256)));
        assertRefused(Kind.BAD_OPTION, () -> options.name("\uDC00"));
        assertRefused(Kind.BAD_OPTION, () -> options.deployment("xyz"));
        options.deployment("00112233-4455-6677-8899-aabbccddeeff");
        assertEquals(0x11, options.deployment()[1]);
    }

    @Test
    public void producersAreRandom() {
        ClientOptions options = new ClientOptions("tcp://a:1");
        assertFalse(options.producerOrRandom() == options.producerOrRandom());
    }
}
