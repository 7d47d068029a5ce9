/*
 * Unit tests. SOJOURN_BINARY names the program of the server; without it, what needs a server is
 * left out and said so.
 *
 * The client's source is included, so that tests can make frames with its own functions.
 */
#include "../sojourn.c"

#include "fake_server.h"

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int checks, failures;

#define CHECK(condition)                                                                          \
    do {                                                                                          \
        checks++;                                                                                 \
        if (!(condition)) {                                                                       \
            failures++;                                                                           \
            printf("FAIL %s:%d: %s\n", __func__, __LINE__, #condition);                           \
        }                                                                                         \
    } while (0)

static char live_endpoint[64];

/* ---- Helpers */

static sojourn_event view(int64_t time, const char *visitor, const char *page) {
    sojourn_event event;
    memset(&event, 0, sizeof event);
    event.time = time;
    event.kind = SOJOURN_VIEW;
    event.visitor = sojourn_string(visitor);
    event.name = sojourn_string(page);
    return event;
}

static int64_t wall_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static sojourn_batch *batch_of(int count, int64_t time, const char *visitor) {
    sojourn_batch *batch = sojourn_batch_new();
    for (int i = 0; i < count; i++) {
        sojourn_event event = view(time + i, visitor, "/home");
        sojourn_batch_add(batch, &event, NULL);
    }
    return batch;
}

/* Bytes of a batch as it would be sent. */
static size_t encode(sojourn_batch *batch, uint8_t *body) {
    struct plan plan;
    batch_order_texts(batch);
    plan_batch(&plan, batch);
    write_body(body, batch, &plan);
    return body_size(batch, &plan);
}

static sojourn_options quick(void) {
    sojourn_options options;
    sojourn_options_init(&options);
    options.attempt_timeout_ms = 150;
    options.timeout_ms = 20000;
    return options;
}

/* ---- Bytes */

static void test_checksums(void) {
    const uint8_t *digits = (const uint8_t *)"123456789";
    uint8_t bytes[300];
    CHECK(crc32c(digits, 9) == 0xE3069283u);
    CHECK(~crc32c_tables(UINT32_MAX, digits, 9) == 0xE3069283u);
    CHECK(crc32c(digits, 0) == 0);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 37 + 11);
    for (size_t size = 0; size < sizeof bytes; size++)
        CHECK(crc32c(bytes, size) == (uint32_t)~crc32c_tables(UINT32_MAX, bytes, size));
}

static void test_utf8(void) {
    static const struct { const char *text; bool is_good; } rows[] = {
        {"", true}, {"plain and rather long", true}, {"Stra\xC3\x9F""e", true},
        {"\xE2\x82\xAC", true}, {"\xF0\x9F\x98\x80", true}, {"\xF4\x8F\xBF\xBF", true},
        {"\xEF\xBF\xBF", true}, {"\x80", false}, {"\xC0\x80", false}, {"\xC1\xBF", false},
        {"\xE0\x9F\xBF", false}, {"\xED\xA0\x80", false}, {"\xF0\x8F\xBF\xBF", false},
        {"\xF4\x90\x80\x80", false}, {"\xF5\x80\x80\x80", false}, {"\xFF", false},
        {"ab\xC3", false}, {"ab\xE2\x82", false}, {"12345678\xF0\x9F\x98", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK(is_utf8((const uint8_t *)rows[i].text, strlen(rows[i].text)) == rows[i].is_good);
}

static void test_values(void) {
    int64_t value = 0;
    double zero = 0;
    CHECK(sojourn_value_from_double(12.5, &value, NULL) == SOJOURN_OK && value == 12500000);
    CHECK(sojourn_value_from_double(-0.000001, &value, NULL) == SOJOURN_OK && value == -1);
    CHECK(sojourn_value_from_double(19.99, &value, NULL) == SOJOURN_OK && value == 19990000);
    CHECK(sojourn_value_from_double(0.0000001, &value, NULL) == SOJOURN_INVALID_EVENT);
    CHECK(sojourn_value_from_double(zero / zero, &value, NULL) == SOJOURN_INVALID_EVENT);
    CHECK(sojourn_value_from_double(1 / zero, &value, NULL) == SOJOURN_INVALID_EVENT);
    CHECK(sojourn_value_from_double(1e13, &value, NULL) == SOJOURN_INVALID_EVENT);
    static const struct { const char *text; bool is_good; int64_t value; } rows[] = {
        {"12.50", true, 12500000}, {"-12.5", true, -12500000}, {"+1", true, 1000000},
        {".5", true, 500000}, {"1.2345670", true, 1234567},
        {"9223372036854.775807", true, INT64_MAX}, {"-9223372036854.775808", true, INT64_MIN},
        {"9223372036854.775808", false, 0}, {"-9223372036854.775809", false, 0},
        {"1.2345678", false, 0}, {"", false, 0}, {"-", false, 0}, {"1e3", false, 0},
        {"1.2.3", false, 0}, {"nan", false, 0}, {"99999999999999999999", false, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sojourn_result result = sojourn_value_from_text(rows[i].text, &value, NULL);
        CHECK((result == SOJOURN_OK) == rows[i].is_good);
        CHECK(!rows[i].is_good || value == rows[i].value);
    }
}

static void test_uuids(void) {
    const char *text = "01977375-f600-7000-8000-0000ddc0ffee";
    char again[SOJOURN_UUID_TEXT];
    sojourn_uuid uuid;
    CHECK(sojourn_uuid_parse(text, &uuid));
    sojourn_uuid_text(&uuid, again);
    CHECK(strcmp(text, again) == 0);
    CHECK(!sojourn_uuid_parse("01977375-f600-7000-8000-0000ddc0ffe", &uuid));
    CHECK(!sojourn_uuid_parse("01977375-f600-7000-8000_0000ddc0ffee", &uuid));
    CHECK(!sojourn_uuid_parse(NULL, &uuid));
}

/* ---- Batches */

static void test_dictionary_takes_back(void) {
    struct dictionary dictionary;
    memset(&dictionary, 0, sizeof dictionary);
    dictionary.generation = 1;
    uint32_t kept = 0;
    for (uint32_t round = 0; round < 500; round++) {
        char text[32];
        for (uint32_t i = 0; i < round % 7 + 1; i++) {
            snprintf(text, sizeof text, "entry-%u", (unsigned)(kept + i));
            CHECK(dictionary_intern(&dictionary, text, strlen(text)) == kept + i);
        }
        dictionary_truncate(&dictionary, ++kept);
        CHECK(dictionary.count == kept);
        for (uint32_t i = 0; i < kept; i += 17) {
            snprintf(text, sizeof text, "entry-%u", (unsigned)i);
            CHECK(dictionary_intern(&dictionary, text, strlen(text)) == i);
        }
    }
    dictionary_free(&dictionary);
}

static void test_events_that_cannot_be_sent(void) {
    static char long_text[2050];
    memset(long_text, 'x', sizeof long_text - 1);
    sojourn_context context;
    memset(&context, 0, sizeof context);
    context.attributes[SOJOURN_DEVICE] = sojourn_string("phone");
    context.attributes[SOJOURN_REFERRER] = sojourn_string("\xFF");
    sojourn_event good = view(1000, "anna", "/home"), rows[9];
    for (int i = 0; i < 9; i++) rows[i] = good;
    rows[0].time = -1;
    rows[1].time = EVENT_TIME_END;
    rows[2].kind = 0;
    rows[3].kind = 7;
    rows[4].visitor.size = 0;
    rows[5].visitor = (sojourn_bytes){long_text, 129};
    rows[6].name = (sojourn_bytes){long_text, 2049};
    rows[7].name = sojourn_string("\xC3");
    rows[8].visitor = sojourn_string("new");
    rows[8].context = &context;
    sojourn_batch *batch = sojourn_batch_new();
    uint8_t before[1024], after[1024];
    CHECK(sojourn_batch_add(batch, &good, NULL) == SOJOURN_OK);
    size_t size = encode(batch, before);
    for (int i = 0; i < 9; i++) {
        sojourn_error error;
        CHECK(sojourn_batch_add(batch, &rows[i], &error) == SOJOURN_INVALID_EVENT);
        CHECK(error.result == SOJOURN_INVALID_EVENT && error.message[0] != 0);
        CHECK(!error.may_have_been_applied);
        CHECK(encode(batch, after) == size && memcmp(before, after, size) == 0);
    }
    CHECK(sojourn_batch_add(NULL, &good, NULL) == SOJOURN_INVALID_ARGUMENT);
    CHECK(sojourn_batch_add(batch, NULL, NULL) == SOJOURN_INVALID_ARGUMENT);
    sojourn_batch_free(batch);
}

static void test_batch_is_full(void) {
    sojourn_batch *batch = sojourn_batch_new();
    sojourn_event event = view(1000, "anna", NULL);
    for (int i = 0; i < EVENTS_MAX; i++) sojourn_batch_add(batch, &event, NULL);
    CHECK(sojourn_batch_count(batch) == EVENTS_MAX);
    CHECK(sojourn_batch_add(batch, &event, NULL) == SOJOURN_BATCH_TOO_LARGE);
    sojourn_batch_clear(batch);
    CHECK(sojourn_batch_count(batch) == 0);
    /* 4,096 texts of 2,048 bytes are 8 MiB. */
    char text[TEXT_BYTES_MAX];
    memset(text, 'x', sizeof text);
    event.name = (sojourn_bytes){text, sizeof text};
    for (unsigned i = 0; i < 4096; i++) {
        store32((uint8_t *)text, (0x21 + (i & 63)) | (0x21 + (i >> 6)) << 8 | 0x20200000u);
        CHECK(sojourn_batch_add(batch, &event, NULL) == SOJOURN_OK);
    }
    text[0] = 'y';
    CHECK(sojourn_batch_add(batch, &event, NULL) == SOJOURN_BATCH_TOO_LARGE);
    sojourn_batch_free(batch);
}

static void test_names_come_first(void) {
    sojourn_batch *batch = sojourn_batch_new();
    sojourn_context context;
    memset(&context, 0, sizeof context);
    context.attributes[SOJOURN_DEVICE] = sojourn_string("phone");
    context.attributes[SOJOURN_CHANNEL] = sojourn_string("/b");
    sojourn_event event = view(1000, "anna", "/a");
    event.context = &context;
    sojourn_batch_add(batch, &event, NULL);
    uint8_t body[1024];
    encode(batch, body);
    /* Encoded once, it can still take more. */
    event.name = sojourn_string("/b");
    sojourn_batch_add(batch, &event, NULL);
    encode(batch, body);
    CHECK(batch->name_count == 2 && batch->texts.count == 3);
    CHECK(batch->names[0] == 1 && batch->names[1] == 2);
    sojourn_bytes last = {
        batch->texts.bytes + entry_start(&batch->texts, batch->order[2]),
        entry_size(&batch->texts, batch->order[2])};
    CHECK(last.size == 5 && memcmp(last.data, "phone", 5) == 0);
    sojourn_batch_free(batch);
}

/* ---- Connecting */

static void check_connect(
    const char *endpoints, const sojourn_options *options, sojourn_result expected) {
    sojourn_client *client = NULL;
    sojourn_error error;
    sojourn_result result = sojourn_connect(&client, endpoints, options, &error);
    CHECK(result == expected);
    CHECK(client == NULL);
    CHECK(error.result == expected && error.message[0] != 0 && !error.may_have_been_applied);
    sojourn_free(client);
}

static void test_bad_arguments(void) {
    static const char *endpoints[] = {
        "", "localhost", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:0", "tcp://127.0.0.1:70000",
        "tcp://127.0.0.1:12a", "http://127.0.0.1:80", "tcp://127.0.0.1:5571,", "ipc://"};
    sojourn_options options = quick();
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
        check_connect(endpoints[i], &options, SOJOURN_INVALID_ARGUMENT);
    check_connect(NULL, &options, SOJOURN_INVALID_ARGUMENT);
    const char *endpoint = "tcp://127.0.0.1:5571";
    static char name[300];
    memset(name, 'n', sizeof name - 1);
    options.name = name;
    check_connect(endpoint, &options, SOJOURN_INVALID_ARGUMENT);
    options = quick();
    options.attempts = 0;
    check_connect(endpoint, &options, SOJOURN_INVALID_ARGUMENT);
    options = quick();
    options.in_flight_max = 65;
    check_connect(endpoint, &options, SOJOURN_INVALID_ARGUMENT);
    options = quick();
    options.timeout_ms = 0;
    check_connect(endpoint, &options, SOJOURN_INVALID_ARGUMENT);
    options = quick();
    options.curve_server_key = "short";
    check_connect(
        endpoint, &options, zmq_has("curve") ? SOJOURN_INVALID_ARGUMENT : SOJOURN_NO_CURVE);
}

static void test_server_is_down(void) {
    sojourn_options options = quick();
    options.attempts = 2;
    int64_t begin = now_ms();
    check_connect("tcp://127.0.0.1:9", &options, SOJOURN_UNREACHABLE);
    CHECK(now_ms() - begin < 2000);
    options.timeout_ms = 100;
    check_connect("tcp://127.0.0.1:9,tcp://127.0.0.1:19", &options, SOJOURN_UNREACHABLE);
}

static void test_curve(void) {
    if (!zmq_has("curve")) return;
    char server_public[41], server_secret[41], public[41], secret[41];
    zmq_curve_keypair(server_public, server_secret);
    zmq_curve_keypair(public, secret);
    struct fake_server *server = calloc(1, sizeof *server);
    server->act_count = 1;
    server->curve_secret_key = server_secret;
    fake_start(server);
    sojourn_options options = quick();
    options.attempt_timeout_ms = 2000;
    options.curve_server_key = server_public;
    options.curve_public_key = public;
    options.curve_secret_key = secret;
    sojourn_client *client = NULL;
    sojourn_answer *answer = NULL;
    CHECK(sojourn_connect(&client, server->endpoint, &options, NULL) == SOJOURN_OK);
    sojourn_batch *batch = batch_of(3, 1000, "anna");
    if (client != NULL) {
        CHECK(sojourn_assign(client, 1, batch, &answer, NULL) == SOJOURN_OK);
        CHECK(answer != NULL && sojourn_answer_count(answer) == 3);
    }
    sojourn_answer_free(answer);
    sojourn_free(client);
    options.curve_server_key = public; /* not the server's */
    options.attempt_timeout_ms = 150;
    options.attempts = 1;
    check_connect(server->endpoint, &options, SOJOURN_UNREACHABLE);
    sojourn_batch_free(batch);
    fake_stop(server);
    free(server);
}

/* ---- Retries, with a server that misbehaves */

struct scene {
    struct fake_server server;
    sojourn_client *client;
    sojourn_error error;
    sojourn_result result;
    sojourn_answer *answer;
};

/* Sends a batch of three events to a server that does so; stops both. */
static struct scene *play(const enum act *acts, int count, sojourn_options options) {
    struct scene *scene = calloc(1, sizeof *scene);
    memcpy(scene->server.acts, acts, (size_t)count * sizeof *acts);
    scene->server.act_count = count;
    fake_start(&scene->server);
    CHECK(sojourn_connect(&scene->client, scene->server.endpoint, &options, NULL) == SOJOURN_OK);
    sojourn_batch *batch = batch_of(3, 1000, "anna");
    scene->result = sojourn_assign(scene->client, 1, batch, &scene->answer, &scene->error);
    sojourn_batch_free(batch);
    sojourn_free(scene->client);
    fake_stop(&scene->server);
    return scene;
}

static void end_scene(struct scene *scene) {
    sojourn_answer_free(scene->answer);
    free(scene);
}

static void test_retry_sends_the_same_frame(void) {
    enum act acts[] = {ACT_SILENCE, ACT_SILENCE, ACT_ANSWER};
    struct scene *scene = play(acts, 3, quick());
    CHECK(scene->result == SOJOURN_OK);
    CHECK(scene->server.hellos == 3);
    CHECK(scene->server.frame_count == 3);
    for (int i = 1; i < scene->server.frame_count; i++) {
        CHECK(scene->server.frames[i].size == scene->server.frames[0].size);
        CHECK(memcmp(scene->server.frames[i].bytes, scene->server.frames[0].bytes,
                     scene->server.frames[0].size) == 0);
    }
    sojourn_assignment assignment;
    CHECK(scene->answer != NULL && sojourn_answer_get(scene->answer, 2, &assignment));
    CHECK(assignment.outcome == SOJOURN_TOO_LATE);
    CHECK(assignment.session_row == SOJOURN_NO_SESSION);
    end_scene(scene);
}

static void test_no_answer_is_an_unknown_outcome(void) {
    enum act acts[] = {ACT_SILENCE};
    struct scene *scene = play(acts, 1, quick());
    CHECK(scene->result == SOJOURN_UNKNOWN_OUTCOME);
    CHECK(scene->error.may_have_been_applied);
    CHECK(scene->error.sends == 3 && scene->server.frame_count == 3);
    end_scene(scene);
}

static void test_refusal(void) {
    enum act acts[] = {ACT_REFUSED};
    struct scene *scene = play(acts, 1, quick());
    CHECK(scene->result == SOJOURN_REFUSED);
    CHECK(!scene->error.may_have_been_applied);
    CHECK(scene->error.code == 49 && scene->error.offset == 259);
    CHECK(strcmp(sojourn_code_name(scene->error.code), "badKind") == 0);
    CHECK(strstr(scene->error.message, "as the test wants it") != NULL);
    CHECK(scene->server.frame_count == 1);
    end_scene(scene);
}

static void test_refusal_of_a_retry_leaves_the_outcome_unknown(void) {
    enum act acts[] = {ACT_SILENCE, ACT_REFUSED};
    struct scene *scene = play(acts, 2, quick());
    CHECK(scene->result == SOJOURN_UNKNOWN_OUTCOME && scene->error.may_have_been_applied);
    CHECK(scene->error.code == 49);
    end_scene(scene);
}

static void test_overload_waits(void) {
    enum act acts[] = {ACT_OVERLOADED, ACT_OVERLOADED, ACT_DRAINING, ACT_ANSWER};
    int64_t begin = now_ms();
    struct scene *scene = play(acts, 4, quick());
    CHECK(scene->result == SOJOURN_OK);
    CHECK(now_ms() - begin >= 60);
    CHECK(scene->server.frame_count == 4);
    end_scene(scene);
    enum act always[] = {ACT_OVERLOADED};
    sojourn_options options = quick();
    options.timeout_ms = 1500;
    scene = play(always, 1, options);
    CHECK(scene->result == SOJOURN_REFUSED && !scene->error.may_have_been_applied);
    CHECK(scene->error.code == 20 && scene->error.retry_after_ms == 30);
    end_scene(scene);
}

static void test_replies_that_are_ignored(void) {
    enum act rows[][2] = {
        {ACT_CHECKSUM, ACT_ANSWER}, {ACT_NO_FLAG, ACT_ANSWER}, {ACT_CORRELATION, ACT_ANSWER}};
    for (int i = 0; i < 3; i++) {
        struct scene *scene = play(rows[i], 2, quick());
        CHECK(scene->result == SOJOURN_OK);
        CHECK(scene->server.frame_count == (i == 2 ? 1 : 2));
        end_scene(scene);
    }
}

static void test_malformed_replies(void) {
    enum act malformed[] = {ACT_MALFORMED}, other[] = {ACT_OTHER_COUNT};
    struct scene *scene = play(malformed, 1, quick());
    CHECK(scene->result == SOJOURN_MALFORMED_REPLY && scene->error.may_have_been_applied);
    CHECK(scene->error.code == MISSING_COLUMN && scene->error.offset == SOJOURN_NO_OFFSET);
    end_scene(scene);
    scene = play(other, 1, quick());
    CHECK(scene->result == SOJOURN_MALFORMED_REPLY && scene->answer == NULL);
    end_scene(scene);
}

static void test_lower_limits_of_the_server(void) {
    struct fake_server *server = calloc(1, sizeof *server);
    server->act_count = 1;
    server->batch_events = 2;
    fake_start(server);
    sojourn_options options = quick();
    sojourn_client *client = NULL;
    sojourn_answer *answer = NULL;
    sojourn_batch *batch = batch_of(3, 1000, "anna");
    CHECK(sojourn_connect(&client, server->endpoint, &options, NULL) == SOJOURN_OK);
    CHECK(sojourn_assign(client, 1, batch, &answer, NULL) == SOJOURN_BATCH_TOO_LARGE);
    CHECK(sojourn_next_sequence(client) == 1);
    sojourn_free(client);
    fake_stop(server);
    memset(server, 0, sizeof *server);
    server->act_count = 1;
    server->message_bytes = 200;
    server->credit = 2;
    fake_start(server);
    CHECK(sojourn_connect(&client, server->endpoint, &options, NULL) == SOJOURN_OK);
    CHECK(sojourn_credit(client) == 2);
    CHECK(sojourn_assign(client, 1, batch, &answer, NULL) == SOJOURN_BATCH_TOO_LARGE);
    sojourn_free(client);
    fake_stop(server);
    sojourn_batch_free(batch);
    free(server);
}

static void test_close_with_batches_under_way(void) {
    struct fake_server *server = calloc(1, sizeof *server);
    server->acts[0] = ACT_SILENCE;
    server->act_count = 1;
    fake_start(server);
    sojourn_options options = quick();
    options.in_flight_max = 2;
    sojourn_client *client = NULL;
    sojourn_answer *answer = NULL;
    sojourn_gauges *gauges = NULL;
    sojourn_error error;
    uint64_t ticket = 0, other = 0;
    sojourn_batch *batch = batch_of(3, 1000, "anna");
    CHECK(sojourn_connect(&client, server->endpoint, &options, NULL) == SOJOURN_OK);
    CHECK(sojourn_collect(client, 0, NULL, &answer, NULL) == SOJOURN_INVALID_ARGUMENT);
    CHECK(sojourn_submit(client, 1, batch, &ticket, NULL) == SOJOURN_OK);
    CHECK(sojourn_submit(client, 1, batch, NULL, NULL) == SOJOURN_OK);
    CHECK(sojourn_submit(client, 1, batch, NULL, NULL) == SOJOURN_BUSY);
    CHECK(sojourn_status(client, &gauges, NULL) == SOJOURN_BUSY);
    CHECK(sojourn_under_way(client) == 2);
    CHECK(sojourn_collect(client, 10, NULL, &answer, NULL) == SOJOURN_PENDING);
    sojourn_close(client);
    CHECK(sojourn_submit(client, 1, batch, NULL, NULL) == SOJOURN_CLOSED);
    CHECK(sojourn_assign(client, 1, batch, &answer, &error) == SOJOURN_CLOSED);
    CHECK(!error.may_have_been_applied);
    CHECK(sojourn_collect(client, -1, &other, &answer, &error) == SOJOURN_CLOSED);
    CHECK(other == ticket && error.may_have_been_applied);
    CHECK(sojourn_collect(client, -1, NULL, &answer, NULL) == SOJOURN_CLOSED);
    CHECK(sojourn_under_way(client) == 0);
    sojourn_free(client);
    sojourn_batch_free(batch);
    fake_stop(server);
    free(server);
}

static void test_failover(void) {
    struct fake_server *silent = calloc(1, sizeof *silent), *good = calloc(1, sizeof *good);
    silent->acts[0] = ACT_SILENCE;
    silent->act_count = good->act_count = 1;
    fake_start(silent);
    fake_start(good);
    char endpoints[256];
    snprintf(
        endpoints, sizeof endpoints, "tcp://127.0.0.1:9,%s,%s", silent->endpoint, good->endpoint);
    sojourn_options options = quick();
    sojourn_client *client = NULL;
    sojourn_answer *answer = NULL;
    sojourn_batch *batch = batch_of(3, 1000, "anna");
    CHECK(sojourn_connect(&client, endpoints, &options, NULL) == SOJOURN_OK);
    CHECK(sojourn_assign(client, 1, batch, &answer, NULL) == SOJOURN_OK);
    sojourn_answer_free(answer);
    sojourn_free(client);
    fake_stop(silent);
    fake_stop(good);
    CHECK(silent->hellos == 1 && silent->frame_count == 1);
    CHECK(good->hellos == 1 && good->frame_count == 1);
    CHECK(memcmp(silent->frames[0].bytes, good->frames[0].bytes, good->frames[0].size) == 0);
    sojourn_batch_free(batch);
    free(silent);
    free(good);
}

static void test_a_lost_connection_is_noticed_at_once(void) {
    struct fake_server *first = calloc(1, sizeof *first), *second = calloc(1, sizeof *second);
    first->acts[0] = ACT_SILENCE;
    first->act_count = second->act_count = 1;
    fake_start(first);
    fake_start(second);
    char endpoints[256];
    snprintf(endpoints, sizeof endpoints, "%s,%s", first->endpoint, second->endpoint);
    sojourn_options options = quick();
    options.attempt_timeout_ms = 20000;
    options.timeout_ms = 60000;
    sojourn_client *client = NULL;
    sojourn_answer *answer = NULL;
    sojourn_batch *batch = batch_of(3, 1000, "anna");
    CHECK(sojourn_connect(&client, endpoints, &options, NULL) == SOJOURN_OK);
    CHECK(sojourn_submit(client, 1, batch, NULL, NULL) == SOJOURN_OK);
    fake_stop(first);
    int64_t begin = now_ms();
    CHECK(sojourn_collect(client, 10000, NULL, &answer, NULL) == SOJOURN_OK);
    CHECK(now_ms() - begin < 5000);
    sojourn_answer_free(answer);
    sojourn_free(client);
    fake_stop(second);
    sojourn_batch_free(batch);
    free(first);
    free(second);
}

/* ---- Bad bytes */

/* Whatever a reply says, reading it stays within it; the sanitizers watch. */
static void test_replies_of_noise(void) {
    uint64_t random = 1;
    for (int round = 0; round < 20000; round++) {
        uint8_t body[4096];
        size_t size = fake_answer(body, 5, 3);
        uint8_t *frame = malloc(HEADER_BYTES + size);
        memcpy(frame + HEADER_BYTES, body, size);
        for (int i = 0; i < 1 + round % 3; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            frame[HEADER_BYTES + (random >> 33) % size] =
                random >> 20 & 1 ? (uint8_t)(random >> 50) : (uint8_t)(random >> 60);
        }
        struct reply reply;
        struct fault fault = {0, 0};
        memset(&reply, 0, sizeof reply);
        reply.frame = frame;
        reply.size = HEADER_BYTES + size;
        if (read_answer(&reply, &fault)) {
            sojourn_assignment assignment;
            for (size_t i = 0; sojourn_answer_get((sojourn_answer *)&reply, i, &assignment); i++) {}
        } else {
            CHECK(fault.code != 0);
        }
        fault = (struct fault){0, 0};
        read_found(&reply, &fault);
        fault = (struct fault){0, 0};
        read_gauges(&reply, &fault);
        free(frame);
    }
}

/* ---- A real server */

static sojourn_client *connect_live(const sojourn_options *options) {
    sojourn_client *client = NULL;
    sojourn_error error;
    if (sojourn_connect(&client, live_endpoint, options, &error) != SOJOURN_OK)
        printf("FAIL connect: %s\n", error.message);
    CHECK(client != NULL);
    return client;
}

static void test_live_assign_and_lookup(void) {
    sojourn_client *client = connect_live(NULL);
    int64_t now = wall_clock();
    CHECK(sojourn_server_info(client)->version == 1);
    CHECK(strcmp(sojourn_server_info(client)->name, "sojourn") == 0);
    sojourn_batch *batch = sojourn_batch_new();
    sojourn_context context;
    memset(&context, 0, sizeof context);
    context.attributes[SOJOURN_CHANNEL] = sojourn_string("search");
    context.attributes[SOJOURN_CAMPAIGN_NAME] = sojourn_string("spring");
    sojourn_event events[] = {
        view(now - 5000, "c-anna", "/home"), view(now, "c-anna", "/cart"),
        view(now, "c-ben", "/home"), view(now, "c-carl", NULL)};
    events[0].context = &context;
    events[1].value = 12500000;
    events[3].kind = SOJOURN_HEARTBEAT;
    for (int i = 0; i < 4; i++) CHECK(sojourn_batch_add(batch, &events[i], NULL) == SOJOURN_OK);
    sojourn_answer *answer = NULL;
    sojourn_assignment rows[4];
    CHECK(sojourn_assign(client, 1, batch, &answer, NULL) == SOJOURN_OK);
    CHECK(sojourn_answer_count(answer) == 4 && sojourn_answer_session_count(answer) == 2);
    CHECK(sojourn_answer_sequence(answer) == 1);
    CHECK(sojourn_answer_producer(answer) == sojourn_producer(client));
    for (size_t i = 0; i < 4; i++) CHECK(sojourn_answer_get(answer, i, &rows[i]));
    CHECK(!sojourn_answer_get(answer, 4, &rows[3]));
    CHECK(rows[0].outcome == SOJOURN_NEW && rows[1].outcome == SOJOURN_EXTENDED);
    CHECK(rows[0].position == 1 && rows[1].position == 2);
    CHECK(memcmp(&rows[0].session.id, &rows[1].session.id, 16) == 0);
    CHECK(memcmp(&rows[0].session.id, &rows[2].session.id, 16) != 0);
    CHECK(rows[0].session.ordinal == 1 && rows[0].session.start == now - 5000);
    CHECK(rows[3].outcome == SOJOURN_REJECTED_NO_SESSION);
    CHECK(rows[3].session_row == SOJOURN_NO_SESSION);
    sojourn_answer_free(answer);

    sojourn_found *found = NULL;
    sojourn_details details;
    sojourn_step step;
    CHECK(sojourn_lookup_visitor(client, 1, sojourn_string("c-anna"), &found, NULL) == SOJOURN_OK);
    CHECK(sojourn_found_count(found) == 1 && sojourn_found_get(found, 0, &details));
    CHECK(details.views == 2 && details.value == 12500000);
    CHECK(details.attributes[SOJOURN_CHANNEL].size == 6);
    CHECK(details.landing_page.size == 5 && memcmp(details.landing_page.data, "/home", 5) == 0);
    CHECK(details.path_length == 2 && sojourn_found_step(found, 0, 1, &step));
    CHECK(step.after_ms == 5000 && memcmp(step.page.data, "/cart", 5) == 0);
    CHECK(!sojourn_found_step(found, 0, 2, &step) && !sojourn_found_get(found, 1, &details));
    sojourn_found_free(found);
    CHECK(sojourn_lookup_session(client, 1, &rows[0].session.id, &found, NULL) == SOJOURN_OK);
    CHECK(sojourn_found_count(found) == 1);
    sojourn_found_free(found);
    CHECK(sojourn_lookup_visitor(client, 1, sojourn_string("nobody"), &found, NULL) == SOJOURN_OK);
    CHECK(sojourn_found_count(found) == 0);
    sojourn_found_free(found);
    CHECK(sojourn_lookup_visitor(client, 1, sojourn_string(""), &found, NULL)
          == SOJOURN_INVALID_ARGUMENT);

    sojourn_gauges *gauges = NULL;
    sojourn_gauge gauge;
    CHECK(sojourn_status(client, &gauges, NULL) == SOJOURN_OK);
    CHECK(sojourn_gauges_count(gauges) > 5 && sojourn_gauges_get(gauges, 0, &gauge));
    sojourn_gauges_free(gauges);
    sojourn_batch_clear(batch);
    CHECK(sojourn_assign(client, 1, batch, &answer, NULL) == SOJOURN_EMPTY_BATCH);
    sojourn_batch_free(batch);
    sojourn_free(client);
}

static void test_live_revision(void) {
    sojourn_client *client = connect_live(NULL);
    int64_t now = wall_clock(), minute = 60000;
    sojourn_batch *batch = sojourn_batch_new();
    sojourn_event events[] = {
        view(now - 35 * minute, "c-rita", "/a"), view(now, "c-rita", "/b"),
        view(now - 15 * minute, "c-rita", "/c")};
    sojourn_answer *answer = NULL;
    sojourn_revision revision;
    sojourn_assignment first, second;
    for (int i = 0; i < 2; i++) sojourn_batch_add(batch, &events[i], NULL);
    CHECK(sojourn_assign(client, 1, batch, &answer, NULL) == SOJOURN_OK);
    sojourn_answer_get(answer, 0, &first);
    sojourn_answer_get(answer, 1, &second);
    CHECK(sojourn_answer_session_count(answer) == 2);
    sojourn_answer_free(answer);
    sojourn_batch_clear(batch);
    sojourn_batch_add(batch, &events[2], NULL);
    CHECK(sojourn_assign(client, 1, batch, &answer, NULL) == SOJOURN_OK);
    CHECK(sojourn_answer_revision_count(answer) == 1);
    CHECK(sojourn_answer_revision(answer, 0, &revision));
    CHECK(memcmp(&revision.into, &first.session.id, 16) == 0);
    CHECK(memcmp(&revision.from, &second.session.id, 16) == 0);
    CHECK(revision.cause == SOJOURN_CAUSE_BRIDGE);
    sojourn_answer_free(answer);
    sojourn_batch_free(batch);
    sojourn_free(client);
}

static void test_live_batch_is_sent_again(void) {
    sojourn_options options;
    sojourn_options_init(&options);
    options.producer = 4711;
    options.first_sequence = 9;
    sojourn_answer *first = NULL, *second = NULL;
    sojourn_error error;
    sojourn_batch *batch = batch_of(10, wall_clock(), "c-again"), *other =
        batch_of(11, wall_clock(), "c-again");
    sojourn_client *client = connect_live(&options);
    CHECK(sojourn_assign(client, 1, batch, &first, NULL) == SOJOURN_OK);
    CHECK(sojourn_answer_sequence(first) == 9 && sojourn_next_sequence(client) == 10);
    sojourn_free(client);
    /* After a restart, say. */
    client = connect_live(&options);
    CHECK(sojourn_assign(client, 1, batch, &second, NULL) == SOJOURN_OK);
    CHECK(first->reply.size == second->reply.size);
    CHECK(memcmp(first->reply.frame + HEADER_BYTES, second->reply.frame + HEADER_BYTES,
                 first->reply.size - HEADER_BYTES) == 0);
    sojourn_answer_free(second);
    sojourn_set_next_sequence(client, 9);
    CHECK(sojourn_assign(client, 1, other, &second, &error) == SOJOURN_REFUSED);
    CHECK(strcmp(sojourn_code_name(error.code), "sequenceReused") == 0 && error.offset == 24);
    sojourn_answer_free(first);
    sojourn_batch_free(batch);
    sojourn_batch_free(other);
    sojourn_free(client);
}

static void test_live_refusals(void) {
    sojourn_client *client = connect_live(NULL);
    sojourn_batch *batch = batch_of(2, wall_clock(), "c-refused");
    sojourn_answer *answer = NULL;
    sojourn_error error;
    /* More of them in a row than the server's window has room for. */
    for (int i = 0; i < 300; i++)
        CHECK(sojourn_assign(client, 999, batch, &answer, &error) == SOJOURN_REFUSED);
    CHECK(strcmp(sojourn_code_name(error.code), "unknownProperty") == 0 && error.offset == 36);
    CHECK(sojourn_assign(client, 1, batch, &answer, NULL) == SOJOURN_OK);
    sojourn_answer_free(answer);
    for (int i = 0; i < 300; i++)
        CHECK(sojourn_assign(client, 999, batch, &answer, &error) == SOJOURN_REFUSED);
    CHECK(sojourn_assign(client, 1, batch, &answer, &error) == SOJOURN_OK);
    sojourn_answer_free(answer);
    sojourn_batch_free(batch);
    sojourn_free(client);
    sojourn_options options = quick();
    sojourn_uuid other = {{1, 2, 3}};
    options.deployment = &other;
    check_connect(live_endpoint, &options, SOJOURN_WRONG_DEPLOYMENT);
}

static void test_live_pipeline(void) {
    enum { BATCHES = 200 };
    sojourn_client *client = connect_live(NULL);
    uint64_t tickets[BATCHES + 1] = {0}, ticket = 0;
    int submitted = 0, collected = 0;
    while (collected < BATCHES) {
        sojourn_batch *batch = batch_of(submitted % 50 + 1, wall_clock() - 1000, "c-pipeline");
        sojourn_error error;
        while (submitted < BATCHES
               && sojourn_submit(client, 1, batch, &ticket, &error) == SOJOURN_OK) {
            tickets[submitted++] = ticket;
            sojourn_batch_free(batch);
            batch = batch_of(submitted % 50 + 1, wall_clock() - 1000, "c-pipeline");
        }
        sojourn_batch_free(batch);
        CHECK(submitted == BATCHES || error.result == SOJOURN_BUSY);
        sojourn_answer *answer = NULL;
        CHECK(sojourn_collect(client, -1, &ticket, &answer, NULL) == SOJOURN_OK);
        int at = 0;
        while (at < submitted && tickets[at] != ticket) at++;
        CHECK(at < submitted && sojourn_answer_count(answer) == (size_t)(at % 50 + 1));
        sojourn_answer_free(answer);
        collected++;
    }
    CHECK(sojourn_under_way(client) == 0);
    sojourn_free(client);
}

struct heard {
    int events;
    int failures;
    int revisions;
    intptr_t next; /* tokens come in order */
    bool is_ordered;
};

static void hear_event(
    void *user, void *token, const sojourn_assignment *assignment, const sojourn_error *error) {
    struct heard *heard = user;
    heard->events += assignment != NULL;
    heard->failures += error != NULL;
    if ((intptr_t)token != heard->next++) heard->is_ordered = false;
}

static void hear_revision(void *user, const sojourn_revision *revision) {
    struct heard *heard = user;
    heard->revisions += revision->number > 0;
}

static void add_views(sojourn_buffer *buffer, int count, intptr_t first) {
    for (int i = 0; i < count; i++) {
        sojourn_event event = view(wall_clock() - 1000, "c-buffer", "/home");
        CHECK(sojourn_buffer_add(buffer, &event, (void *)(first + i), NULL) == SOJOURN_OK);
    }
}

static void test_live_buffer(void) {
    sojourn_client *client = connect_live(NULL);
    sojourn_buffer *buffer = NULL;
    struct heard heard = {.is_ordered = true};
    sojourn_listener listener = {&heard, hear_event, hear_revision};
    CHECK(sojourn_buffer_open(&buffer, client, 1, 0, 50, &listener, NULL)
          == SOJOURN_INVALID_ARGUMENT);
    CHECK(sojourn_buffer_open(&buffer, client, 1, 100, 60, &listener, NULL) == SOJOURN_OK);
    add_views(buffer, 250, 0);
    while (heard.events < 200) CHECK(sojourn_buffer_poll(buffer, 1000, NULL) == SOJOURN_OK);
    /* The rest goes when its time is up. */
    int64_t begin = now_ms();
    CHECK(sojourn_buffer_poll(buffer, 5000, NULL) == SOJOURN_OK);
    CHECK(heard.events == 250 && now_ms() - begin < 2000);
    sojourn_event bad = view(-1, "c-buffer", NULL);
    CHECK(sojourn_buffer_add(buffer, &bad, NULL, NULL) == SOJOURN_INVALID_EVENT);
    add_views(buffer, 10, 250);
    CHECK(sojourn_buffer_flush(buffer, NULL) == SOJOURN_OK && heard.events == 260);
    add_views(buffer, 5000, 260);
    sojourn_buffer_close(buffer);
    CHECK(heard.events == 5260 && heard.failures == 0 && heard.is_ordered);

    CHECK(sojourn_buffer_open(&buffer, client, 999, 10, 60, &listener, NULL) == SOJOURN_OK);
    add_views(buffer, 5, 5260);
    CHECK(sojourn_buffer_flush(buffer, NULL) == SOJOURN_OK);
    CHECK(heard.failures == 5);
    add_views(buffer, 5, 5265);
    sojourn_close(client);
    CHECK(sojourn_buffer_add(buffer, &bad, NULL, NULL) == SOJOURN_CLOSED);
    sojourn_buffer_close(buffer);
    CHECK(heard.failures == 10 && heard.is_ordered);
    sojourn_free(client);
}

/* ---- The run */

static pid_t start_server(const char *program) {
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_ROUTER);
    size_t size = sizeof live_endpoint;
    zmq_bind(socket, "tcp://127.0.0.1:*");
    zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, live_endpoint, &size);
    zmq_close(socket);
    zmq_ctx_term(context);
    pid_t child = fork();
    if (child == 0) {
        execlp(
            program, program, "serve", "--listen", live_endpoint, "--log-level", "error",
            (char *)NULL);
        _exit(127);
    }
    return child;
}

int main(void) {
    const char *program = getenv("SOJOURN_BINARY");
    pid_t server = program != NULL ? start_server(program) : 0;
    test_checksums();
    test_utf8();
    test_values();
    test_uuids();
    test_dictionary_takes_back();
    test_events_that_cannot_be_sent();
    test_batch_is_full();
    test_names_come_first();
    test_bad_arguments();
    test_server_is_down();
    test_curve();
    test_retry_sends_the_same_frame();
    test_no_answer_is_an_unknown_outcome();
    test_refusal();
    test_refusal_of_a_retry_leaves_the_outcome_unknown();
    test_overload_waits();
    test_replies_that_are_ignored();
    test_malformed_replies();
    test_lower_limits_of_the_server();
    test_close_with_batches_under_way();
    test_failover();
    test_a_lost_connection_is_noticed_at_once();
    test_replies_of_noise();
    if (server > 0) {
        test_live_assign_and_lookup();
        test_live_revision();
        test_live_batch_is_sent_again();
        test_live_refusals();
        test_live_pipeline();
        test_live_buffer();
        kill(server, SIGTERM);
        waitpid(server, NULL, 0);
    } else {
        printf("SOJOURN_BINARY is not set: tests with a real server were left out\n");
    }
    printf("%d checks, %d failures\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
