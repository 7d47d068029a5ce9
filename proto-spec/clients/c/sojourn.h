/*
 * Sojourn: a client of the sessionizer protocol sojourn-1, in C99 over libzmq.
 *
 *     sojourn_client *client = NULL;
 *     sojourn_error error;
 *     if (sojourn_connect(&client, "tcp://127.0.0.1:5571", NULL, &error) != SOJOURN_OK) ...
 *     sojourn_batch *batch = sojourn_batch_new();
 *     sojourn_batch_add(batch, &event, &error);
 *     sojourn_answer *answer = NULL;
 *     sojourn_assign(client, 1, batch, &answer, &error);
 *
 * Rules that hold for everything below:
 *
 * - A function that can fail returns a `sojourn_result` and, where the caller gives a
 *   `sojourn_error`, says there what happened. The error may be NULL.
 * - The caller owns every handle it got and frees it with the function that is named beside it.
 *   There is no state outside of handles. Freeing NULL does nothing.
 * - A client, and what hangs on it, belongs to one thread at a time: it makes no thread of its own
 *   and calls back only from within calls. Time passes for it while one of its functions runs.
 * - Texts are UTF-8. Times are milliseconds since the Unix epoch. Values are micro-units: 12.50
 *   is 12500000.
 * - Bytes that a function hands out stay good until the handle that they came from is freed.
 */
#ifndef SOJOURN_H
#define SOJOURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SOJOURN_CLIENT_VERSION "0.1.0"

/* ---- Results and errors ------------------------------------------------------------------- */

typedef enum sojourn_result {
    SOJOURN_OK = 0,
    /** Not a failure: nothing has been answered yet. */
    SOJOURN_PENDING,
    /** As many requests are under way as may be: collect one first. Nothing was sent. */
    SOJOURN_BUSY,
    /** A parameter makes no sense. Nothing was sent. */
    SOJOURN_INVALID_ARGUMENT,
    /** An event cannot be sent as it is. It was not added to its batch. */
    SOJOURN_INVALID_EVENT,
    /** There is nothing in the batch. */
    SOJOURN_EMPTY_BATCH,
    /** More than the protocol, or this server, takes at once. A batch is applied as a whole, so it
     *  is not split behind its sender's back. */
    SOJOURN_BATCH_TOO_LARGE,
    /** No server answered the greeting. Nothing was applied. */
    SOJOURN_UNREACHABLE,
    /** No answer in time; nothing can have been applied. */
    SOJOURN_TIMED_OUT,
    /** A batch was sent and its answer never came: it was applied once, or not at all. */
    SOJOURN_UNKNOWN_OUTCOME,
    /** The server refused, and said why. */
    SOJOURN_REFUSED,
    /** The server belongs to another deployment. */
    SOJOURN_WRONG_DEPLOYMENT,
    /** Client and server have no version of the protocol in common. */
    SOJOURN_UNSUPPORTED_VERSION,
    /** The server answered something that is not the protocol. */
    SOJOURN_MALFORMED_REPLY,
    /** The client was closed. */
    SOJOURN_CLOSED,
    /** This libzmq was built without CURVE. */
    SOJOURN_NO_CURVE,
    /** libzmq or the system refused. */
    SOJOURN_TRANSPORT,
    SOJOURN_OUT_OF_MEMORY
} sojourn_result;

#define SOJOURN_NO_OFFSET UINT32_MAX

/** What went wrong. */
typedef struct sojourn_error {
    sojourn_result result;
    /** True when the events may have been applied although the call failed. */
    bool may_have_been_applied;
    /** Code of the protocol's registry of errors, 0 when there is none: what the server said, or
     *  for a malformed reply what is wrong with it. */
    uint16_t code;
    /** Byte of the frame that offended, or SOJOURN_NO_OFFSET. */
    uint32_t offset;
    /** How many milliseconds the server asked to wait; 0 for none. */
    uint32_t retry_after_ms;
    /** How many times the request was sent. */
    uint32_t sends;
    /** A sentence for a person. */
    char message[1280];
} sojourn_error;

/** "unknownOutcome". */
const char *sojourn_result_name(sojourn_result result);
/** "badKind" for 49: names of the registry of errors; "unknown" for a code it does not have. */
const char *sojourn_code_name(uint16_t code);

/* ---- Events and batches ------------------------------------------------------------------- */

/** Bytes of the caller; `data` may be NULL when `size` is 0. */
typedef struct sojourn_bytes {
    const void *data;
    size_t size;
} sojourn_bytes;

typedef enum sojourn_kind {
    SOJOURN_VIEW = 1,
    SOJOURN_ACTION = 2,
    SOJOURN_CONVERSION = 3,
    SOJOURN_HEARTBEAT = 4,
    SOJOURN_START = 5,
    SOJOURN_END = 6
} sojourn_kind;

enum {
    SOJOURN_DEVICE,
    SOJOURN_CHANNEL,
    SOJOURN_COUNTRY,
    SOJOURN_REGION,
    SOJOURN_REFERRER,
    SOJOURN_CAMPAIGN_SOURCE,
    SOJOURN_CAMPAIGN_MEDIUM,
    SOJOURN_CAMPAIGN_NAME,
    SOJOURN_ATTRIBUTES
};

/** Where an event came from. A text of no bytes is absent. */
typedef struct sojourn_context {
    sojourn_bytes attributes[SOJOURN_ATTRIBUTES];
    /** The sender knows the visitor to be a bot. */
    bool known_bot;
} sojourn_context;

/** One event; all zero but `time`, `kind` and `visitor` is an event that says no more. */
typedef struct sojourn_event {
    /** From 0 up to but without 2^48. */
    int64_t time;
    /** A `sojourn_kind`. */
    uint8_t kind;
    /** 1 to 128 bytes of any sort. */
    sojourn_bytes visitor;
    /** Page or action, up to 2,048 bytes; none when it has no bytes. */
    sojourn_bytes name;
    /** NULL for none. */
    const sojourn_context *context;
    /** Micro-units. */
    int64_t value;
    /** The sender's id of the event, 0 for none. */
    uint64_t id;
} sojourn_event;

/** The bytes of a string that ends with zero; NULL gives none. */
sojourn_bytes sojourn_string(const char *text);

/** Micro-units of a number. Refused: what is not finite, does not fit, or has more than six
 *  decimals. */
sojourn_result sojourn_value_from_double(double units, int64_t *micro, sojourn_error *error);
/** Micro-units of a decimal number like "-12.50", exactly. */
sojourn_result sojourn_value_from_text(const char *text, int64_t *micro, sojourn_error *error);

/** Events on their way to the wire. It keeps copies of what it is given, and its memory from one
 *  use to the next. */
typedef struct sojourn_batch sojourn_batch;

/** NULL when there is no memory. Free with sojourn_batch_free. */
sojourn_batch *sojourn_batch_new(void);
void sojourn_batch_free(sojourn_batch *batch);
/** Adds an event behind the others, or refuses it and leaves the batch as it was. */
sojourn_result sojourn_batch_add(
    sojourn_batch *batch, const sojourn_event *event, sojourn_error *error);
size_t sojourn_batch_count(const sojourn_batch *batch);
/** Removes all events and keeps the memory. */
void sojourn_batch_clear(sojourn_batch *batch);

/* ---- Client ------------------------------------------------------------------------------- */

/** Sixteen bytes, in the order of their text form. */
typedef struct sojourn_uuid {
    uint8_t bytes[16];
} sojourn_uuid;

#define SOJOURN_UUID_TEXT 37
/** Writes the text form, with a zero at the end. */
void sojourn_uuid_text(const sojourn_uuid *uuid, char text[SOJOURN_UUID_TEXT]);
/** False when the text is no UUID. */
bool sojourn_uuid_parse(const char *text, sojourn_uuid *uuid);

/** How a client connects, waits and retries. */
typedef struct sojourn_options {
    /** How long a call takes at most with all its attempts: 30,000. */
    uint32_t timeout_ms;
    /** How long one attempt waits before the same frame goes to the next endpoint: 5,000. */
    uint32_t attempt_timeout_ms;
    /** How many attempts may remain without an answer: 3. */
    uint32_t attempts;
    /** Requests under way at one time, 1 to 64: 16. The server's credit may lower it. */
    uint32_t in_flight_max;
    /** Who numbers the batches; 0 takes a random one. A program that writes down its producer and
     *  sequence can send its last batch again after a restart. */
    uint64_t producer;
    /** Number of the first batch: 1. */
    uint64_t first_sequence;
    /** For the server's log, at most 255 bytes: "sojourn-c/0.1.0". */
    const char *name;
    /** The deployment that the server must be of; NULL takes the first one that answers. */
    const sojourn_uuid *deployment;
    /** CURVE keys, 40 characters of Z85 each: all three or none. */
    const char *curve_server_key;
    const char *curve_public_key;
    const char *curve_secret_key;
} sojourn_options;

/** The defaults. */
void sojourn_options_init(sojourn_options *options);

/** What HELLO told. */
typedef struct sojourn_server {
    uint8_t version;
    uint32_t features;
    sojourn_uuid deployment;
    int64_t server_time;
    uint32_t message_bytes;
    uint32_t batch_events;
    uint16_t visitor_key_bytes;
    uint16_t text_bytes;
    uint32_t batch_texts;
    uint32_t batch_contexts;
    uint32_t credit;
    uint32_t producer_window;
    /** Shares of the visitors that there are; the server has those from the first to the last. */
    uint32_t partitions;
    uint16_t first_partition;
    uint16_t last_partition;
    /** Both cut after 255 bytes. */
    char name[256];
    char server_version[256];
} sojourn_server;

typedef struct sojourn_client sojourn_client;

/**
 * Connects and greets the server.
 *
 * @param endpoints one, or several separated by commas: the next one is tried when one does not
 *        answer.
 * @param options NULL for the defaults.
 */
sojourn_result sojourn_connect(
    sojourn_client **client, const char *endpoints, const sojourn_options *options,
    sojourn_error *error);
/** Closes the connection. What is under way fails; it can still be collected. */
void sojourn_close(sojourn_client *client);
/** Closes and frees. Answers that were handed out stay good. */
void sojourn_free(sojourn_client *client);

/** The server that was greeted last. */
const sojourn_server *sojourn_server_info(const sojourn_client *client);
uint64_t sojourn_producer(const sojourn_client *client);
/** The number of the next batch. Batches that were refused before they were sent take none. */
uint64_t sojourn_next_sequence(const sojourn_client *client);
/** Gives the next batch this number: to send one again that may have been applied. */
void sojourn_set_next_sequence(sojourn_client *client, uint64_t sequence);

/* ---- Assign ------------------------------------------------------------------------------- */

enum {
    SOJOURN_NEW = 0,
    SOJOURN_EXTENDED = 1,
    SOJOURN_LATE_JOINED = 2,
    SOJOURN_MERGED = 3,
    SOJOURN_TOO_LATE = 4,
    SOJOURN_DUPLICATE = 5,
    SOJOURN_REJECTED_NO_SESSION = 16,
    SOJOURN_REJECTED_CLOCK_SKEW = 17,
    SOJOURN_REJECTED_VISITOR_LIMIT = 18,
    SOJOURN_REJECTED_SESSION_LIMIT = 19
};

enum {
    SOJOURN_BOUNDARY_FIRST = 0,
    SOJOURN_BOUNDARY_IDLE = 1,
    SOJOURN_BOUNDARY_MAX_DURATION = 2,
    SOJOURN_BOUNDARY_MAX_EVENTS = 3,
    SOJOURN_BOUNDARY_CAMPAIGN = 4,
    SOJOURN_BOUNDARY_MIDNIGHT = 5,
    SOJOURN_BOUNDARY_EXPLICIT = 6,
    /** Of a session that has not ended. */
    SOJOURN_BOUNDARY_NONE = 255
};

/** Bits of `flags` of a session. */
enum {
    SOJOURN_FLAG_LATE = 8,
    SOJOURN_FLAG_MERGED = 16,
    SOJOURN_FLAG_AUTOMATED = 32,
    SOJOURN_FLAG_ENDED = 64,
    SOJOURN_FLAG_ENGAGED = 128
};

enum { SOJOURN_CAUSE_BRIDGE = 1 };

/** Names of the protocol; NULL for a code that it does not have (show the number). */
const char *sojourn_outcome_name(uint8_t outcome);
const char *sojourn_boundary_name(uint8_t boundary);
const char *sojourn_cause_name(uint8_t cause);
/** Code of a kind by its name ("view"), 0 for none. */
uint8_t sojourn_kind_code(const char *name);

#define SOJOURN_NO_SESSION UINT32_MAX

/** A session that a batch touched, as it stood after the whole batch. */
typedef struct sojourn_session {
    sojourn_uuid id;
    /** Time of its first event. */
    int64_t start;
    /** This is the visitor's n-th session. */
    uint32_t ordinal;
    uint8_t boundary;
    uint8_t flags;
} sojourn_session;

/** What became of one event. */
typedef struct sojourn_assignment {
    /** Row of the session, for sojourn_answer_session, or SOJOURN_NO_SESSION. */
    uint32_t session_row;
    /** Which event of its session it is, from 1; 0 for none. */
    uint32_t position;
    uint8_t outcome;
    /** All zero when the event joined none. */
    sojourn_session session;
} sojourn_assignment;

/** A correction: the session `from` is now part of the session `into`. */
typedef struct sojourn_revision {
    uint64_t number;
    sojourn_uuid from;
    sojourn_uuid into;
    uint8_t cause;
    uint16_t partition;
} sojourn_revision;

/** What the server made of a batch. Free with sojourn_answer_free. */
typedef struct sojourn_answer sojourn_answer;

void sojourn_answer_free(sojourn_answer *answer);
/** How many events the batch had. */
size_t sojourn_answer_count(const sojourn_answer *answer);
/** False behind the last one. */
bool sojourn_answer_get(const sojourn_answer *answer, size_t event, sojourn_assignment *assignment);
size_t sojourn_answer_session_count(const sojourn_answer *answer);
bool sojourn_answer_session(const sojourn_answer *answer, size_t row, sojourn_session *session);
size_t sojourn_answer_revision_count(const sojourn_answer *answer);
bool sojourn_answer_revision(
    const sojourn_answer *answer, size_t index, sojourn_revision *revision);
/** The property's clock; -2^63 before its first event. */
int64_t sojourn_answer_clock(const sojourn_answer *answer);
uint64_t sojourn_answer_producer(const sojourn_answer *answer);
uint64_t sojourn_answer_sequence(const sojourn_answer *answer);

/** Sends a batch and waits for its answer. The batch keeps its events. */
sojourn_result sojourn_assign(
    sojourn_client *client, uint32_t property, sojourn_batch *batch, sojourn_answer **answer,
    sojourn_error *error);

/**
 * Sends a batch and does not wait. The batch may be cleared and filled again at once.
 *
 * @param ticket what sojourn_collect will name the answer by.
 * @return SOJOURN_BUSY when something must be collected first.
 */
sojourn_result sojourn_submit(
    sojourn_client *client, uint32_t property, sojourn_batch *batch, uint64_t *ticket,
    sojourn_error *error);
/**
 * Takes the next batch that is answered or has failed, in whatever order that happens.
 *
 * @param ticket of the batch that this is about; 0 when it is about none.
 * @param wait_ms how long to wait; 0 only looks, less than 0 waits as long as it takes.
 * @return SOJOURN_PENDING when there is none in that time, SOJOURN_INVALID_ARGUMENT when nothing is
 *         under way, else what became of the batch.
 */
sojourn_result sojourn_collect(
    sojourn_client *client, int64_t wait_ms, uint64_t *ticket, sojourn_answer **answer,
    sojourn_error *error);
/** Batches that were submitted and not collected. */
size_t sojourn_under_way(const sojourn_client *client);
/** How many batches may be under way at one time. */
size_t sojourn_credit(const sojourn_client *client);

/* ---- Questions ---------------------------------------------------------------------------- */

/** An unfinished session, as LOOKUP tells it. */
typedef struct sojourn_details {
    sojourn_uuid id;
    uint32_t ordinal;
    int64_t first_event;
    int64_t last_event;
    int64_t value;
    int64_t engaged_ms;
    uint32_t events;
    uint32_t views;
    uint32_t actions;
    uint32_t conversions;
    uint8_t boundary;
    uint8_t flags;
    /** SOJOURN_BOUNDARY_NONE while it goes on. */
    uint8_t boundary_out;
    sojourn_bytes attributes[SOJOURN_ATTRIBUTES];
    sojourn_bytes landing_page;
    sojourn_bytes exit_page;
    /** Steps of the path, for sojourn_found_step. */
    uint32_t path_length;
    /** Clock at which it finishes if nothing more comes. */
    int64_t finishes;
} sojourn_details;

/** A view on the path of a session. */
typedef struct sojourn_step {
    /** Milliseconds after the first event. */
    uint32_t after_ms;
    sojourn_bytes page;
} sojourn_step;

/** Free with sojourn_found_free. */
typedef struct sojourn_found sojourn_found;

/** The unfinished sessions of a visitor, in order of their first event. */
sojourn_result sojourn_lookup_visitor(
    sojourn_client *client, uint32_t property, sojourn_bytes visitor, sojourn_found **found,
    sojourn_error *error);
/** The session with an id, or the one that it was merged into. */
sojourn_result sojourn_lookup_session(
    sojourn_client *client, uint32_t property, const sojourn_uuid *id, sojourn_found **found,
    sojourn_error *error);
void sojourn_found_free(sojourn_found *found);
size_t sojourn_found_count(const sojourn_found *found);
int64_t sojourn_found_clock(const sojourn_found *found);
bool sojourn_found_get(const sojourn_found *found, size_t row, sojourn_details *details);
bool sojourn_found_step(const sojourn_found *found, size_t row, size_t step, sojourn_step *out);

typedef struct sojourn_gauge {
    sojourn_bytes name;
    int64_t value;
} sojourn_gauge;

/** Free with sojourn_gauges_free. */
typedef struct sojourn_gauges sojourn_gauges;

/** What the server counts and measures of itself. */
sojourn_result sojourn_status(
    sojourn_client *client, sojourn_gauges **gauges, sojourn_error *error);
void sojourn_gauges_free(sojourn_gauges *gauges);
size_t sojourn_gauges_count(const sojourn_gauges *gauges);
int64_t sojourn_gauges_time(const sojourn_gauges *gauges);
bool sojourn_gauges_get(const sojourn_gauges *gauges, size_t index, sojourn_gauge *gauge);

/* ---- Buffered mode ------------------------------------------------------------------------ */

/** Who is told what becomes of single events. */
typedef struct sojourn_listener {
    void *user;
    /** Once for each event that was added, in the order of the events of its batch: with an
     *  assignment, or with an error. `token` is what sojourn_buffer_add was given. */
    void (*on_event)(
        void *user, void *token, const sojourn_assignment *assignment, const sojourn_error *error);
    /** NULL if nobody cares. */
    void (*on_revision)(void *user, const sojourn_revision *revision);
} sojourn_listener;

/** Gathers single events into batches and sends them. The listener is called from within the
 *  functions below, and must not call them. */
typedef struct sojourn_buffer sojourn_buffer;

/**
 * Opens a buffer over a client, which must outlive it.
 *
 * @param events_max a batch is sent when it has so many events.
 * @param delay_ms a batch is sent so long after its first event, by the next call of
 *        sojourn_buffer_add or sojourn_buffer_poll.
 */
sojourn_result sojourn_buffer_open(
    sojourn_buffer **buffer, sojourn_client *client, uint32_t property, uint32_t events_max,
    uint32_t delay_ms, const sojourn_listener *listener, sojourn_error *error);
/** Adds an event. Refused when the event cannot be sent: then the listener does not hear of it. */
sojourn_result sojourn_buffer_add(
    sojourn_buffer *buffer, const sojourn_event *event, void *token, sojourn_error *error);
/** Sends what is due, and waits up to `wait_ms` for answers. Call it when there are no events. */
sojourn_result sojourn_buffer_poll(sojourn_buffer *buffer, int64_t wait_ms, sojourn_error *error);
/** Sends everything and returns when all of it is answered or has failed. */
sojourn_result sojourn_buffer_flush(sojourn_buffer *buffer, sojourn_error *error);
/** Flushes and frees. The client stays open. */
void sojourn_buffer_close(sojourn_buffer *buffer);

#ifdef __cplusplus
}
#endif

#endif
