package io.sojourn.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The server program on a free port of the loopback; {@code SOJOURN_BINARY} names it. */
final class LiveServer implements AutoCloseable {
    private final int port;
    private Process process;

    LiveServer() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        start();
    }

    static boolean isAvailable() {
        return System.getenv("SOJOURN_BINARY") != null;
    }

    String endpoint() {
        return "tcp://127.0.0.1:" + port;
    }

    void start() throws IOException {
        process = new ProcessBuilder(
            System.getenv("SOJOURN_BINARY"), "serve", "--listen", endpoint(), "--secret-file", secret(),
            "--log-level", "warning").inheritIO().start();
        for (int attempt = 0; attempt < 200; attempt++) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress("127.0.0.1", port), 100);
                return;
            } catch (IOException exception) {
                pause(50);
            }
        }
        throw new IOException("the server does not listen");
    }

    /** Servers of one secret are one deployment. */
    private static String secret() throws IOException {
        Path file = Files.createTempFile("secret", ".txt");
        file.toFile().deleteOnExit();
        Files.writeString(file, "000102030405060708090a0b0c0d0e0f\n");
        return file.toString();
    }

    static void pause(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException exception) {
            throw new AssertionError(exception);
        }
    }

    /** Ends the server without a word to anybody. */
    void kill() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException exception) {
            throw new AssertionError(exception);
        }
    }

    @Override
    public void close() {
        kill();
    }
}
