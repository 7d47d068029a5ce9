package io.sojourn.client;

import io.sojourn.model.ClosedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.zeromq.ZMQ;

/**
 * The one thread that owns the socket. Others hand it requests through a queue, and wake it through a pipe.
 *
 * <p>A connection lives as long as its socket: JeroMQ would make a new one by itself, and the server there
 * would not be greeted. So its waiting time for that is as good as endless, and a monitor tells when a
 * connection breaks.
 */
final class Courier implements Dispatcher.Transport, Runnable {
    private static final AtomicLong NUMBERS = new AtomicLong();
    private static final long NEVER_MILLISECONDS = 86_400_000;
    private static final int STOP_MILLISECONDS_MAX = 1_000;
    private static final int REPLY_BYTES_MAX = 64 << 20;
    private static final int BROKEN =
        ZMQ.EVENT_DISCONNECTED | ZMQ.EVENT_CLOSED | ZMQ.EVENT_CONNECT_RETRIED;

    private final ZMQ.Context context = ZMQ.context(1);
    private final ConcurrentLinkedQueue<Request<?>> submitted = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean isWoken = new AtomicBoolean();
    private final Pipe wakePipe;
    private final ByteBuffer wakeByte = ByteBuffer.allocate(1);
    private final ByteBuffer wakeBytes = ByteBuffer.allocate(64);
    private final Dispatcher dispatcher;
    private final Thread thread;
    private volatile boolean isClosing;
    private volatile boolean isStopped;

    private ZMQ.Socket socket;
    private ZMQ.Socket monitor;
    private ZMQ.Poller poller;
    /** Monitors of sockets that are closed, until they have said that they are. */
    private final List<ZMQ.Socket> outlived = new ArrayList<>();

    Courier(ClientOptions options) {
        try {
            wakePipe = Pipe.open();
            wakePipe.source().configureBlocking(false);
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
        dispatcher = new Dispatcher(options, this, System.nanoTime());
        thread = new Thread(this, "sojourn-client-" + NUMBERS.incrementAndGet());
        thread.setDaemon(true);
        thread.start();
    }

    Dispatcher dispatcher() {
        return dispatcher;
    }

    boolean isOwnThread() {
        return Thread.currentThread() == thread;
    }

    // ---- From other threads

    void submit(Request<?> request) {
        submitted.add(request);
        // After the end nobody takes from the queue any more: whoever added last fails what is there.
        if (isStopped) failSubmitted();
        else wake();
    }

    private void wake() {
        if (!isWoken.compareAndSet(false, true)) return;
        synchronized (wakeByte) {
            wakeByte.clear();
            try {
                wakePipe.sink().write(wakeByte);
            } catch (IOException exception) {
                if (!isStopped) throw new UncheckedIOException(exception);
            }
        }
    }

    /** Fails what is not answered and ends the thread. */
    void close() {
        isClosing = true;
        wake();
        if (isOwnThread()) return;
        boolean isInterrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException exception) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) Thread.currentThread().interrupt();
    }

    // ---- On the thread

    @Override
    public void run() {
        try {
            dispatcher.tick(System.nanoTime());
            while (!isClosing) {
                waitForSomething();
                takeSubmitted();
                receive();
                watch();
                dispatcher.tick(System.nanoTime());
            }
        } finally {
            dispatcher.close();
            isStopped = true;
            failSubmitted();
            closeOutlived();
            context.term();
            closePipe();
        }
    }

    private void waitForSomething() {
        if (poller == null) makePoller();
        long now = System.nanoTime();
        poller.poll(Math.max(0, (dispatcher.nextTimer(now) - now + 999_999) / 1_000_000));
        if (!poller.pollin(0)) return;
        try {
            wakeBytes.clear();
            wakePipe.source().read(wakeBytes);
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
        // Before the queue is emptied: who adds to it afterwards wakes again.
        isWoken.set(false);
    }

    private void closePipe() {
        try {
            wakePipe.sink().close();
            wakePipe.source().close();
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    private void makePoller() {
        poller = new ZMQ.Poller(3);
        poller.register(wakePipe.source(), ZMQ.Poller.POLLIN);
        if (socket == null) return;
        poller.register(socket, ZMQ.Poller.POLLIN);
        poller.register(monitor, ZMQ.Poller.POLLIN);
    }

    private void takeSubmitted() {
        for (Request<?> request = submitted.poll(); request != null; request = submitted.poll()) {
            dispatcher.submit(request, System.nanoTime());
        }
    }

    private void failSubmitted() {
        for (Request<?> request = submitted.poll(); request != null; request = submitted.poll()) {
            request.fail(new ClosedException("the client is closed", false));
        }
    }

    /** Messages of one frame, and of an empty one before it; others are dropped. */
    private void receive() {
        while (socket != null) {
            byte[] frame = socket.recv(ZMQ.DONTWAIT);
            if (frame == null) return;
            int frames = 1;
            if (frame.length == 0 && socket.hasReceiveMore()) frame = socket.recv(ZMQ.DONTWAIT);
            while (socket.hasReceiveMore()) {
                socket.recv(ZMQ.DONTWAIT);
                frames++;
            }
            if (frames == 1 && frame != null) dispatcher.received(frame, System.nanoTime());
        }
    }

    private void watch() {
        while (monitor != null) {
            ZMQ.Event event = ZMQ.Event.recv(monitor, ZMQ.DONTWAIT);
            if (event == null) return;
            if ((event.getEvent() & BROKEN) == 0) continue;
            boolean wasUp = event.getEvent() == ZMQ.EVENT_DISCONNECTED;
            dispatcher.disconnected(wasUp ? "it was cut" : "it was refused", System.nanoTime());
            return;
        }
    }

    @Override
    public void connect(String endpoint) {
        disconnect();
        socket = context.socket(ZMQ.DEALER);
        socket.setLinger(0);
        socket.setReconnectIVL(NEVER_MILLISECONDS);
        socket.setMaxMsgSize(REPLY_BYTES_MAX);
        String monitorEndpoint = "inproc://monitor-" + NUMBERS.incrementAndGet();
        socket.monitor(monitorEndpoint, BROKEN | ZMQ.EVENT_MONITOR_STOPPED);
        monitor = context.socket(ZMQ.PAIR);
        monitor.setLinger(0);
        monitor.connect(monitorEndpoint);
        socket.connect(endpoint);
        poller = null;
    }

    @Override
    public boolean send(byte[] frame) {
        return socket != null && socket.send(frame, ZMQ.DONTWAIT);
    }

    @Override
    public void disconnect() {
        poller = null;
        if (socket == null) return;
        socket.close();
        outlived.add(monitor);
        monitor = null;
        socket = null;
        outlived.removeIf(old -> isStopped(old, ZMQ.DONTWAIT));
    }

    /**
     * Reads what a monitor still says, and closes it when that was the last. JeroMQ's own thread waits for ever,
     * and all sockets with it, when it has an event for a monitor that nobody is connected to any more.
     */
    private static boolean isStopped(ZMQ.Socket monitor, int flags) {
        for (ZMQ.Event event = ZMQ.Event.recv(monitor, flags); event != null;
            event = ZMQ.Event.recv(monitor, flags)) {
            if (event.getEvent() != ZMQ.EVENT_MONITOR_STOPPED) continue;
            monitor.close();
            return true;
        }
        return false;
    }

    private void closeOutlived() {
        for (ZMQ.Socket old : outlived) {
            old.setReceiveTimeOut(STOP_MILLISECONDS_MAX);
            if (!isStopped(old, 0)) old.close();
        }
        outlived.clear();
    }
}
