/*
 * sojourn-yardstick: what libzmq alone does on this machine.
 *
 * The server answers every request with a reply of a fixed size and does nothing else, so its rate
 * is the ceiling for a service that moves the same bytes over the same socket. The client keeps a
 * fixed number of requests in flight and prints one line of JSON.
 *
 *   server: one ROUTER in one thread; clients may be REQ or DEALER, with or without a delimiter.
 *   client: one DEALER in one thread, no delimiter.
 *
 * The first eight bytes of a request are its number. The server copies them into the reply, and the
 * client insists that replies come back complete and in order.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum {
    EXIT_USAGE = 2,
    HIGH_WATER_MARK = 10000,  /* messages; also the deepest window, so no reply is ever dropped */
    NUMBER_BYTES = 8,         /* the request number at the start of each payload */
    STOP_POLL_MS = 100,       /* how soon the server sees a signal that came between two receives */
    REPLY_TIMEOUT_MS = 10000, /* a client that hears nothing for so long gives up */
    MESSAGE_BYTES_MAX = 1 << 30,
};

static const double WARM_UP_SECONDS = 0.3;

/* The example keys of the libzmq manual. The whole world knows them: they protect nothing. */
static const char SERVER_PUBLIC_KEY[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char SERVER_SECRET_KEY[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
static const char CLIENT_PUBLIC_KEY[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
static const char CLIENT_SECRET_KEY[] = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

static _Noreturn void usage(void)
{
    fputs("usage: sojourn-yardstick server ENDPOINT REPLY_BYTES [--curve]\n"
          "       sojourn-yardstick client ENDPOINT REQUEST_BYTES REPLY_BYTES DEPTH SECONDS"
          " [--curve]\n",
          stderr);
    exit(EXIT_USAGE);
}

static _Noreturn void usage_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("sojourn-yardstick: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    usage();
}

/* Ends the program with what libzmq said about the call that just failed. */
static _Noreturn void fail(const char *operation, const char *subject)
{
    int code = zmq_errno();
    fprintf(stderr, "sojourn-yardstick: %s %s: %s\n", operation, subject, zmq_strerror(code));
    exit(EXIT_FAILURE);
}

static size_t parse_count(const char *name, const char *text, size_t least, size_t most)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    bool is_number = errno == 0 && end != text && *end == '\0' && text[0] != '-';
    if (!is_number || value < least || value > most)
        usage_error("%s must be a whole number from %zu to %zu, not '%s'", name, least, most, text);
    return value;
}

static double parse_seconds(const char *text)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value > 0 && value <= 86400))
        usage_error("SECONDS must be more than 0 and at most 86400, not '%s'", text);
    return value;
}

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* ---- sockets ---- */

static void set_int(void *socket, int option, int value)
{
    if (zmq_setsockopt(socket, option, &value, sizeof value) != 0)
        fail("set", "socket option");
}

static void set_key(void *socket, int option, const char *key)
{
    if (zmq_setsockopt(socket, option, key, strlen(key)) != 0)
        fail("set", "CURVE key");
}

static void *open_socket(void *context, int type, int receive_timeout_ms)
{
    void *socket = zmq_socket(context, type);
    if (socket == NULL)
        fail("open", "socket");
    set_int(socket, ZMQ_LINGER, 0);
    set_int(socket, ZMQ_SNDHWM, HIGH_WATER_MARK);
    set_int(socket, ZMQ_RCVHWM, HIGH_WATER_MARK);
    set_int(socket, ZMQ_RCVTIMEO, receive_timeout_ms);
    return socket;
}

/* An interrupted or timed-out call is no failure: the caller checks `stopping` and tries again. */
static bool is_transient(int code)
{
    return code == EINTR || code == EAGAIN;
}

/* ---- server ---- */

static void send_reply(void *socket, zmq_msg_t *request, const char *payload, size_t reply_bytes)
{
    const char *request_bytes = zmq_msg_data(request);
    size_t request_size = zmq_msg_size(request);

    /* A real service reads its request, so look at a byte of every page. */
    volatile char touched = 0;
    for (size_t i = 0; i < request_size; i += 4096)
        touched ^= request_bytes[i];

    /* And it writes the whole reply, once. */
    zmq_msg_t reply;
    if (zmq_msg_init_size(&reply, reply_bytes) != 0)
        fail("allocate", "reply");
    memcpy(zmq_msg_data(&reply), payload, reply_bytes);
    if (request_size >= NUMBER_BYTES)
        memcpy(zmq_msg_data(&reply), request_bytes, NUMBER_BYTES);

    while (zmq_msg_send(&reply, socket, 0) < 0)
        if (zmq_errno() != EINTR)
            fail("send", "reply");
}

/*
 * Every frame but the last is the way back (the routing id, then a delimiter if the peer is a REQ)
 * and returns as it came; the last is the request. Frames of one message arrive together, so a
 * request is never half there.
 */
static void serve(void *socket, size_t reply_bytes)
{
    char *payload = malloc(reply_bytes);
    if (payload == NULL)
        fail("allocate", "payload");
    memset(payload, 7, reply_bytes);

    zmq_msg_t frame;
    zmq_msg_init(&frame);
    while (!stopping) {
        if (zmq_msg_recv(&frame, socket, 0) < 0) {
            if (is_transient(zmq_errno()))
                continue;
            fail("receive", "request");
        }
        if (!zmq_msg_more(&frame)) {
            send_reply(socket, &frame, payload, reply_bytes);
            continue;
        }
        while (zmq_msg_send(&frame, socket, ZMQ_SNDMORE) < 0)
            if (zmq_errno() != EINTR)
                fail("send", "envelope");
    }
    zmq_msg_close(&frame);
    free(payload);
}

static int run_server(const char *endpoint, size_t reply_bytes, bool curve)
{
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    /* Who starts us may block these signals, and a blocked one would never come. */
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigprocmask(SIG_UNBLOCK, &stops, NULL);

    void *context = zmq_ctx_new();
    void *socket = open_socket(context, ZMQ_ROUTER, STOP_POLL_MS);
    if (curve) {
        set_int(socket, ZMQ_CURVE_SERVER, 1);
        set_key(socket, ZMQ_CURVE_SECRETKEY, SERVER_SECRET_KEY);
    }
    if (zmq_bind(socket, endpoint) != 0)
        fail("bind", endpoint);

    char resolved[1024];
    size_t resolved_bytes = sizeof resolved;
    if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, resolved, &resolved_bytes) != 0)
        fail("resolve", endpoint);
    printf("ready %s\n", resolved);
    fflush(stdout);

    serve(socket, reply_bytes);
    zmq_close(socket);
    zmq_ctx_term(context);
    return EXIT_SUCCESS;
}

/* ---- latencies ---- */

/*
 * A histogram whose buckets are at most 1/64 of their value wide, from a nanosecond to centuries:
 * a fixed 30 KiB however long the run.
 */
enum { SUB_BUCKET_BITS = 6, SUB_BUCKETS = 1 << SUB_BUCKET_BITS };

struct histogram {
    uint64_t counts[(64 - SUB_BUCKET_BITS + 1) * SUB_BUCKETS];
    uint64_t total;
};

static void record(struct histogram *histogram, uint64_t nanoseconds)
{
    unsigned shift = 0;
    if (nanoseconds >= SUB_BUCKETS)
        shift = (unsigned)(63 - __builtin_clzll(nanoseconds)) - SUB_BUCKET_BITS;
    /* The quotient keeps its leading bit, so each shift goes on where the one before ended. */
    histogram->counts[shift * SUB_BUCKETS + (nanoseconds >> shift)] += 1;
    histogram->total += 1;
}

/* The upper edge, in microseconds, of the bucket that holds the given share of all values. */
static double quantile_us(const struct histogram *histogram, double share)
{
    uint64_t rank = (uint64_t)(share * (double)histogram->total);
    uint64_t seen = 0;
    size_t length = sizeof histogram->counts / sizeof histogram->counts[0];
    for (size_t i = 0; i < length; i++) {
        seen += histogram->counts[i];
        if (seen > rank) {
            size_t shift = i < 2 * SUB_BUCKETS ? 0 : i / SUB_BUCKETS - 1;
            uint64_t quotient = i - shift * SUB_BUCKETS;
            return (double)((quotient + 1) << shift) / 1e3;
        }
    }
    return 0;
}

/* ---- client ---- */

struct load {
    size_t request_bytes;
    size_t reply_bytes;
    size_t depth;
    double seconds;
};

static void send_request(void *socket, uint64_t number, const char *payload, size_t request_bytes)
{
    zmq_msg_t request;
    if (zmq_msg_init_size(&request, request_bytes) != 0)
        fail("allocate", "request");
    memcpy(zmq_msg_data(&request), payload, request_bytes);
    memcpy(zmq_msg_data(&request), &number, NUMBER_BYTES);
    while (zmq_msg_send(&request, socket, 0) < 0)
        if (zmq_errno() != EINTR)
            fail("send", "request");
}

static void receive_reply(void *socket, uint64_t expected, size_t reply_bytes)
{
    zmq_msg_t reply;
    zmq_msg_init(&reply);
    while (zmq_msg_recv(&reply, socket, 0) < 0) {
        int code = zmq_errno();
        if (code == EINTR)
            continue;
        if (code == EAGAIN) {
            fprintf(stderr, "sojourn-yardstick: no reply within %d ms\n", REPLY_TIMEOUT_MS);
            exit(EXIT_FAILURE);
        }
        fail("receive", "reply");
    }
    if (zmq_msg_size(&reply) != reply_bytes) {
        fprintf(stderr, "sojourn-yardstick: a reply of %zu bytes, expected %zu\n",
                zmq_msg_size(&reply), reply_bytes);
        exit(EXIT_FAILURE);
    }
    uint64_t number;
    memcpy(&number, zmq_msg_data(&reply), NUMBER_BYTES);
    if (number != expected) {
        fprintf(stderr, "sojourn-yardstick: reply %llu came when %llu was due\n",
                (unsigned long long)number, (unsigned long long)expected);
        exit(EXIT_FAILURE);
    }
    zmq_msg_close(&reply);
}

static int run_client(const char *endpoint, struct load load, bool curve)
{
    void *context = zmq_ctx_new();
    void *socket = open_socket(context, ZMQ_DEALER, REPLY_TIMEOUT_MS);
    if (curve) {
        set_key(socket, ZMQ_CURVE_SERVERKEY, SERVER_PUBLIC_KEY);
        set_key(socket, ZMQ_CURVE_PUBLICKEY, CLIENT_PUBLIC_KEY);
        set_key(socket, ZMQ_CURVE_SECRETKEY, CLIENT_SECRET_KEY);
    }
    if (zmq_connect(socket, endpoint) != 0)
        fail("connect", endpoint);

    char *payload = malloc(load.request_bytes);
    uint64_t *sent_at_ns = calloc(load.depth, sizeof *sent_at_ns); /* by number modulo depth */
    struct histogram *latencies = calloc(1, sizeof *latencies);
    if (payload == NULL || sent_at_ns == NULL || latencies == NULL)
        fail("allocate", "buffers");
    memset(payload, 5, load.request_bytes);

    uint64_t sent = 0;
    uint64_t received = 0;
    uint64_t received_before = 0;
    bool measuring = false;
    uint64_t started_ns = 0; /* the warm-up, at the first reply; then the measurement */
    uint64_t now = now_ns();
    for (;;) {
        while (sent - received < load.depth) {
            sent_at_ns[sent % load.depth] = now_ns();
            send_request(socket, sent, payload, load.request_bytes);
            sent += 1;
        }
        receive_reply(socket, received, load.reply_bytes);
        now = now_ns();
        if (measuring)
            record(latencies, now - sent_at_ns[received % load.depth]);
        received += 1;

        if (received == 1)
            started_ns = now;
        double elapsed = (double)(now - started_ns) / 1e9;
        if (measuring && elapsed >= load.seconds)
            break;
        if (!measuring && elapsed >= WARM_UP_SECONDS) {
            measuring = true;
            started_ns = now;
            received_before = received;
        }
    }

    double elapsed = (double)(now - started_ns) / 1e9;
    double rate = (double)(received - received_before) / elapsed;
    double megabytes = rate * (double)(load.request_bytes + load.reply_bytes) / 1e6;
    printf("{\"messages_per_second\":%.0f,\"megabytes_per_second\":%.1f,"
           "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,"
           "\"request_bytes\":%zu,\"reply_bytes\":%zu,\"depth\":%zu,\"seconds\":%.3f,"
           "\"curve\":%s}\n",
           rate, megabytes, quantile_us(latencies, 0.5), quantile_us(latencies, 0.99),
           quantile_us(latencies, 0.999), load.request_bytes, load.reply_bytes, load.depth, elapsed,
           curve ? "true" : "false");

    free(latencies);
    free(sent_at_ns);
    free(payload);
    zmq_close(socket);
    zmq_ctx_term(context);
    return EXIT_SUCCESS;
}

int main(int argument_count, char **arguments)
{
    /* `--curve` may stand anywhere; what is left is positional. */
    enum { POSITIONAL_MAX = 6 };
    const char *positional[POSITIONAL_MAX];
    int count = 0;
    bool curve = false;
    for (int i = 1; i < argument_count; i++) {
        if (strcmp(arguments[i], "--curve") == 0)
            curve = true;
        else if (strncmp(arguments[i], "--", 2) == 0)
            usage_error("unknown option '%s'", arguments[i]);
        else if (count == POSITIONAL_MAX)
            usage_error("too many arguments");
        else
            positional[count++] = arguments[i];
    }
    if (count == 0)
        usage();
    if (curve && !zmq_has("curve")) {
        fputs("sojourn-yardstick: this libzmq was built without CURVE\n", stderr);
        return EXIT_FAILURE;
    }

    if (strcmp(positional[0], "server") == 0) {
        if (count != 3)
            usage_error("server takes ENDPOINT REPLY_BYTES");
        size_t reply_bytes =
            parse_count("REPLY_BYTES", positional[2], NUMBER_BYTES, MESSAGE_BYTES_MAX);
        return run_server(positional[1], reply_bytes, curve);
    }
    if (strcmp(positional[0], "client") == 0) {
        if (count != 6)
            usage_error("client takes ENDPOINT REQUEST_BYTES REPLY_BYTES DEPTH SECONDS");
        struct load load = {
            .request_bytes =
                parse_count("REQUEST_BYTES", positional[2], NUMBER_BYTES, MESSAGE_BYTES_MAX),
            .reply_bytes =
                parse_count("REPLY_BYTES", positional[3], NUMBER_BYTES, MESSAGE_BYTES_MAX),
            .depth = parse_count("DEPTH", positional[4], 1, HIGH_WATER_MARK),
            .seconds = parse_seconds(positional[5]),
        };
        return run_client(positional[1], load, curve);
    }
    usage_error("unknown command '%s'", positional[0]);
}
