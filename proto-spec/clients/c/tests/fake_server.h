/* A server that misbehaves as it is told: for what a good one never does. */
#ifndef FAKE_SERVER_H
#define FAKE_SERVER_H

#include <pthread.h>

/* What it does with the batches it gets, in turn; the last one goes on for ever. */
enum act {
    ACT_ANSWER,
    ACT_SILENCE,
    ACT_OVERLOADED,    /* wait 30 ms */
    ACT_DRAINING,
    ACT_REFUSED,       /* badKind at 259 */
    ACT_CHECKSUM,      /* a reply with a flipped bit, then silence */
    ACT_NO_FLAG,       /* a reply that does not say so, then silence */
    ACT_CORRELATION,   /* a reply to another request, then the right one */
    ACT_MALFORMED,     /* outcomes are missing */
    ACT_OTHER_COUNT    /* an answer about one event more */
};

enum { ACTS_MAX = 8, FRAMES_MAX = 32 };

struct fake_server {
    char endpoint[64];
    enum act acts[ACTS_MAX];
    int act_count;
    uint32_t batch_events;
    uint32_t message_bytes;
    uint32_t credit;
    const char *curve_secret_key;
    /* What it saw; read when it has stopped. */
    int hellos;
    int frame_count;
    struct { uint8_t bytes[4096]; size_t size; } frames[FRAMES_MAX];
    void *context;
    void *socket;
    void *stop;
    pthread_t thread;
};

static void fake_send(
    struct fake_server *server, zmq_msg_t *peer, uint8_t *frame, size_t body,
    struct header header) {
    header.flags = FLAG_REPLY;
    header.deadline = 0;
    seal_frame(frame, body, &header);
    zmq_msg_t copy;
    zmq_msg_init(&copy);
    zmq_msg_copy(&copy, peer);
    zmq_msg_send(&copy, server->socket, ZMQ_SNDMORE);
    zmq_send(server->socket, frame, HEADER_BYTES + body, 0);
}

static void fake_hello(struct fake_server *server, zmq_msg_t *peer, struct header header) {
    uint8_t frame[HEADER_BYTES + HELLO_REPLY_BYTES + 4] = {0}, *body = frame + HEADER_BYTES;
    body[0] = VERSION;
    memset(body + 8, 7, 16);
    store32(body + 32, server->message_bytes);
    store32(body + 36, server->batch_events);
    store16(body + 40, 128);
    store16(body + 42, 2048);
    store32(body + 52, server->credit);
    store32(body + 56, 128);
    store16(body + 64, 4);
    memcpy(body + HELLO_REPLY_BYTES, "fake", 4);
    fake_send(server, peer, frame, HELLO_REPLY_BYTES + 4, header);
}

static void fake_error(
    struct fake_server *server, zmq_msg_t *peer, struct header header, unsigned code, int retriable,
    uint32_t retry_after, uint32_t offset) {
    static const char sentence[] = "as the test wants it";
    uint8_t frame[HEADER_BYTES + 16 + sizeof sentence] = {0}, *body = frame + HEADER_BYTES;
    store16(body, code);
    body[2] = (uint8_t)retriable;
    store32(body + 4, retry_after);
    store32(body + 8, offset);
    body[12] = body[13] = VERSION;
    store16(body + 14, sizeof sentence - 1);
    memcpy(body + 16, sentence, sizeof sentence - 1);
    header.operation = ERROR;
    fake_send(server, peer, frame, 16 + sizeof sentence - 1, header);
}

/* Every event is too late: no session, no position. */
static size_t fake_answer(uint8_t *body, uint32_t events, int columns) {
    static const uint8_t ids[] = {36, 37, 38};
    size_t end = 24 + (size_t)columns * DESCRIPTOR_BYTES;
    memset(body, 0, 4096);
    store32(body, events);
    store16(body + 4, (uint32_t)columns);
    for (int i = 0; i < columns; i++) {
        size_t begin = (size_t)align8(end);
        end = begin + events;
        memset(body + begin, i == 2 ? SOJOURN_TOO_LATE : 0, events);
        write_descriptor(
            body + 24 + (size_t)i * DESCRIPTOR_BYTES, ids[i], 1, 0, events, begin, events);
    }
    return end;
}

static void fake_act(
    struct fake_server *server, zmq_msg_t *peer, struct header header, uint32_t events,
    enum act act) {
    uint8_t frame[HEADER_BYTES + 4096];
    size_t size = fake_answer(frame + HEADER_BYTES, events, act == ACT_MALFORMED ? 2 : 3);
    switch (act) {
    case ACT_SILENCE: return;
    case ACT_OVERLOADED: fake_error(server, peer, header, 20, 1, 30, UINT32_MAX); return;
    case ACT_DRAINING: fake_error(server, peer, header, 21, 1, 0, UINT32_MAX); return;
    case ACT_REFUSED: fake_error(server, peer, header, 49, 0, 0, 259); return;
    case ACT_CHECKSUM:
    case ACT_NO_FLAG: {
        header.flags = act == ACT_NO_FLAG ? 0 : FLAG_REPLY;
        seal_frame(frame, size, &header);
        if (act == ACT_CHECKSUM) frame[HEADER_BYTES + size - 1] ^= 1;
        zmq_msg_t copy;
        zmq_msg_init(&copy);
        zmq_msg_copy(&copy, peer);
        zmq_msg_send(&copy, server->socket, ZMQ_SNDMORE);
        zmq_send(server->socket, frame, HEADER_BYTES + size, 0);
        return;
    }
    case ACT_CORRELATION: {
        struct header other = header;
        other.correlation += 1000;
        fake_send(server, peer, frame, size, other);
        break;
    }
    case ACT_OTHER_COUNT: size = fake_answer(frame + HEADER_BYTES, events + 1, 3); break;
    default: break;
    }
    fake_send(server, peer, frame, size, header);
}

static void *fake_run(void *argument) {
    struct fake_server *server = argument;
    int batches = 0;
    for (;;) {
        zmq_pollitem_t items[] = {
            {server->socket, 0, ZMQ_POLLIN, 0}, {server->stop, 0, ZMQ_POLLIN, 0}};
        zmq_poll(items, 2, -1);
        if (items[1].revents != 0) return NULL;
        zmq_msg_t peer, message;
        zmq_msg_init(&peer);
        zmq_msg_init(&message);
        zmq_msg_recv(&peer, server->socket, 0);
        zmq_msg_recv(&message, server->socket, 0);
        const uint8_t *frame = zmq_msg_data(&message);
        struct header header;
        struct fault fault;
        if (read_header(frame, zmq_msg_size(&message), false, &header, &fault)) {
            if (header.operation == HELLO) {
                server->hellos++;
                fake_hello(server, &peer, header);
            } else {
                if (server->frame_count < FRAMES_MAX && zmq_msg_size(&message) <= 4096) {
                    memcpy(
                        server->frames[server->frame_count].bytes, frame, zmq_msg_size(&message));
                    server->frames[server->frame_count++].size = zmq_msg_size(&message);
                }
                int act = batches < server->act_count ? batches : server->act_count - 1;
                batches++;
                fake_act(
                    server, &peer, header, load32(frame + HEADER_BYTES), server->acts[act]);
            }
        }
        zmq_msg_close(&peer);
        zmq_msg_close(&message);
    }
}

static void fake_start(struct fake_server *server) {
    int linger = 0, one = 1;
    size_t size = sizeof server->endpoint;
    if (server->batch_events == 0) server->batch_events = 65535;
    if (server->message_bytes == 0) server->message_bytes = MESSAGE_BYTES_MAX;
    if (server->credit == 0) server->credit = 64;
    server->context = zmq_ctx_new();
    server->socket = zmq_socket(server->context, ZMQ_ROUTER);
    server->stop = zmq_socket(server->context, ZMQ_PAIR);
    zmq_setsockopt(server->socket, ZMQ_LINGER, &linger, sizeof linger);
    if (server->curve_secret_key != NULL) {
        zmq_setsockopt(server->socket, ZMQ_CURVE_SERVER, &one, sizeof one);
        zmq_setsockopt(
            server->socket, ZMQ_CURVE_SECRETKEY, server->curve_secret_key, Z85_KEY + 1);
    }
    zmq_bind(server->socket, "tcp://127.0.0.1:*");
    zmq_getsockopt(server->socket, ZMQ_LAST_ENDPOINT, server->endpoint, &size);
    zmq_bind(server->stop, "inproc://stop");
    pthread_create(&server->thread, NULL, fake_run, server);
}

static void fake_stop(struct fake_server *server) {
    void *stop = zmq_socket(server->context, ZMQ_PAIR);
    zmq_connect(stop, "inproc://stop");
    zmq_send(stop, "", 0, 0);
    pthread_join(server->thread, NULL);
    zmq_close(stop);
    zmq_close(server->stop);
    zmq_close(server->socket);
    zmq_ctx_term(server->context);
}

#endif
