/*
 * Runs the golden messages of proto-spec/vectors: `vectors DIRECTORY`.
 *
 * It includes the client's source, so that what it tests is the client's own code: its plan, its
 * writers of columns, its reading of replies. What only a server needs, the decoder of requests and
 * the encoder of replies, is here.
 */
#include "../sojourn.c"

#include <dirent.h>
#include <jansson.h>
#include <zlib.h>

#define UNREACHABLE() abort()

/* ---- Bytes that grow */

struct bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

static uint8_t *extend(struct bytes *bytes, size_t size) {
    if (!grow(&bytes->data, &bytes->capacity, bytes->size + size + 1, 1)) abort();
    uint8_t *at = bytes->data + bytes->size;
    memset(at, 0, size);
    bytes->size += size;
    return at;
}

static void append(struct bytes *bytes, const void *data, size_t size) {
    uint8_t *at = extend(bytes, size);
    if (size > 0) memcpy(at, data, size);
}

static void append_integer(struct bytes *bytes, unsigned width, uint64_t value) {
    store_integer(extend(bytes, width), width, value);
}

static struct bytes unhex(const char *text) {
    struct bytes bytes = {0};
    extend(&bytes, 0);
    for (; text[0] != 0; text += 2)
        append_integer(&bytes, 1, (uint64_t)(hex_digit(text[0]) << 4 | hex_digit(text[1])));
    return bytes;
}

static json_t *hex(const void *data, size_t size) {
    char *text = malloc(2 * size + 1);
    for (size_t i = 0; i < size; i++) sprintf(text + 2 * i, "%02x", ((const uint8_t *)data)[i]);
    text[2 * size] = 0;
    json_t *value = json_string(text);
    free(text);
    return value;
}

static struct bytes unbase64(const char *text) {
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct bytes bytes = {0};
    uint32_t bits = 0;
    int count = 0;
    for (; *text != 0 && *text != '='; text++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, *text) - digits);
        count += 6;
        if (count >= 8) append_integer(&bytes, 1, bits >> (count -= 8) & 255);
    }
    return bytes;
}

static struct bytes inflate_base64(const char *text) {
    struct bytes packed = unbase64(text), bytes = {0};
    uLongf size = 64u << 20;
    extend(&bytes, size);
    if (uncompress(bytes.data, &size, packed.data, packed.size) != Z_OK) abort();
    bytes.size = size;
    bytes.data[size] = 0;
    free(packed.data);
    return bytes;
}

/* ---- JSON */

static uint64_t number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (value == NULL) return 0;
    if (json_is_integer(value)) return (uint64_t)json_integer_value(value);
    const char *text = json_string_value(value);
    return text[0] == '-' ? (uint64_t)strtoll(text, NULL, 10) : strtoull(text, NULL, 10);
}

static const char *string(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

/* The text of a string, which may have zeros in it; none for NULL. */
static sojourn_bytes json_bytes(const json_t *value) {
    sojourn_bytes bytes = {json_string_value(value), json_string_length(value)};
    return bytes;
}

static json_t *unsigned_text(uint64_t value) {
    return json_sprintf("%llu", (unsigned long long)value);
}

static json_t *signed_text(int64_t value) { return json_sprintf("%lld", (long long)value); }

static json_t *text_json(sojourn_bytes text) { return json_stringn(text.data, text.size); }

static json_t *name_json(const char *name, unsigned code) {
    return name != NULL ? json_string(name) : json_integer(code);
}

static json_t *uuid_json(const sojourn_uuid *uuid) {
    char text[SOJOURN_UUID_TEXT];
    sojourn_uuid_text(uuid, text);
    return json_string(text);
}

static unsigned code_of(const struct name *names, const char *text) {
    for (; names->text != NULL; names++)
        if (strcmp(names->text, text) == 0) return (unsigned)names->code;
    UNREACHABLE();
}

static const struct name OPERATION_NAMES[] = {
    {HELLO, "HELLO"}, {ASSIGN, "ASSIGN"}, {LOOKUP, "LOOKUP"}, {STATUS, "STATUS"},
    {ERROR, "ERROR"}, {-1, NULL}};

static const char *ATTRIBUTES[SOJOURN_ATTRIBUTES] = {
    "device", "channel", "country", "region",
    "referrer", "campaignSource", "campaignMedium", "campaignName"};

static const struct name COLUMN_NAMES[] = {
    {1, "time"}, {2, "kind"}, {3, "visitor"}, {4, "visitorKeys"}, {5, "name"}, {6, "texts"},
    {7, "textPrefixes"}, {8, "context"}, {9, "contexts"}, {10, "value"}, {11, "eventID"},
    {32, "sessionID"}, {33, "sessionShift"}, {34, "ordinal"}, {35, "sessionState"},
    {36, "session"}, {37, "position"}, {38, "outcome"}, {39, "revisionNumber"},
    {40, "revisionFrom"}, {41, "revisionInto"}, {42, "revisionCause"},
    {43, "revisionPartition"}, {64, "sessions"}, {65, "path"}, {96, "gauges"}, {-1, NULL}};

static void set_state(json_t *object, uint8_t boundary, uint8_t flags) {
    json_object_set_new(
        object, "boundary", name_json(sojourn_boundary_name(boundary), boundary));
    json_object_set_new(object, "late", json_boolean(flags & SOJOURN_FLAG_LATE));
    json_object_set_new(object, "merged", json_boolean(flags & SOJOURN_FLAG_MERGED));
    json_object_set_new(object, "automated", json_boolean(flags & SOJOURN_FLAG_AUTOMATED));
    json_object_set_new(object, "ended", json_boolean(flags & SOJOURN_FLAG_ENDED));
    json_object_set_new(object, "engaged", json_boolean(flags & SOJOURN_FLAG_ENGAGED));
}

static uint8_t state_byte(const json_t *object) {
    unsigned state = code_of(BOUNDARY_NAMES, string(object, "boundary"));
    if (json_is_true(json_object_get(object, "late"))) state |= SOJOURN_FLAG_LATE;
    if (json_is_true(json_object_get(object, "merged"))) state |= SOJOURN_FLAG_MERGED;
    if (json_is_true(json_object_get(object, "automated"))) state |= SOJOURN_FLAG_AUTOMATED;
    if (json_is_true(json_object_get(object, "ended"))) state |= SOJOURN_FLAG_ENDED;
    if (json_is_true(json_object_get(object, "engaged"))) state |= SOJOURN_FLAG_ENGAGED;
    return (uint8_t)state;
}

/* ---- Decoding requests */

static json_t *decode_hello_request(const uint8_t *frame, size_t size, struct fault *fault) {
    const uint8_t *body = frame + HEADER_BYTES;
    size_t body_bytes = size - HEADER_BYTES;
    if (body_bytes < HELLO_FIXED_BYTES) return fault_at(fault, TRUNCATED_BODY, size), NULL;
    uint8_t lowest = body[0], highest = body[1];
    size_t name = load16(body + 2), end = HELLO_FIXED_BYTES + name;
    if (body_bytes < end) return fault_at(fault, TRUNCATED_BODY, size), NULL;
    if (lowest <= highest && !(lowest <= VERSION && VERSION <= highest))
        return fault_at(fault, BAD_VERSION, 64), NULL;
    if (body_bytes > end) return fault_at(fault, TRAILING_BYTES, HEADER_BYTES + end), NULL;
    if (lowest > highest) return fault_at(fault, 53, 64), NULL;
    if (name > NAME_BYTES_MAX) return fault_at(fault, 53, 66), NULL;
    if (!is_utf8(body + HELLO_FIXED_BYTES, name)) return fault_at(fault, 53, 88), NULL;
    return json_pack(
        "{sisisIsoss%}", "lowest_version", lowest, "highest_version", highest, "features",
        (json_int_t)load32(body + 4), "deployment", hex(body + 8, 16), "name",
        (const char *)body + HELLO_FIXED_BYTES, (size_t)name);
}

static json_t *decode_lookup_request(const uint8_t *frame, size_t size, struct fault *fault) {
    const uint8_t *body = frame + HEADER_BYTES;
    size_t body_bytes = size - HEADER_BYTES;
    if (body_bytes < LOOKUP_FIXED_BYTES) return fault_at(fault, TRUNCATED_BODY, size), NULL;
    size_t length = load16(body + 2), end = LOOKUP_FIXED_BYTES + length;
    if (body_bytes < end) return fault_at(fault, TRUNCATED_BODY, size), NULL;
    if (body[1] != 0) return fault_at(fault, BODY_RESERVED_NOT_ZERO, 65), NULL;
    if (load32(body + 4) != 0) return fault_at(fault, BODY_RESERVED_NOT_ZERO, 68), NULL;
    if (body_bytes > end) return fault_at(fault, TRAILING_BYTES, HEADER_BYTES + end), NULL;
    if (body[0] == 1 && (length < 1 || length > KEY_BYTES_MAX))
        return fault_at(fault, BAD_KEY_LENGTH, 66), NULL;
    if (body[0] != 1 && body[0] != 2) return fault_at(fault, 54, 64), NULL;
    if (body[0] == 2 && length != 16) return fault_at(fault, 54, 66), NULL;
    return json_pack(
        "{ssso}", "by", body[0] == 1 ? "visitor" : "session", "key", hex(body + 8, length));
}

enum {
    R_TIME, R_KIND, R_VISITOR, R_KEYS, R_NAME, R_TEXTS, R_PREFIXES, R_CONTEXT, R_CONTEXTS,
    R_VALUE, R_ID, R_FORMS
};

static const struct form REQUEST_FORM[R_FORMS] = {
    {COLUMN_TIME, INTEGERS, W4 | W8, 0},
    {COLUMN_KIND, INTEGERS, W1, 0},
    {COLUMN_VISITOR, INTEGERS, W1 | W2 | W4, 0},
    {COLUMN_VISITOR_KEYS, DICTIONARY, W0 | W2 | W4, 0},
    {COLUMN_NAME, INTEGERS, W1 | W2 | W4, 0},
    {COLUMN_TEXTS, DICTIONARY, W0 | W2 | W4, 0},
    {COLUMN_TEXT_PREFIXES, INTEGERS, W1, 0},
    {COLUMN_CONTEXT, INTEGERS, W1 | W2 | W4, 0},
    {COLUMN_CONTEXTS, CELLS, W1 | W2 | W4, 0},
    {COLUMN_VALUE, SCALED, W1 | W2 | W4 | W8, 0},
    {COLUMN_EVENT_ID, INTEGERS, W8, 0}};

/* Texts written out. */
struct texts {
    struct bytes bytes;
    size_t *ends;
    uint32_t count;
};

static sojourn_bytes text_at(const struct texts *texts, uint64_t index) {
    size_t start = index == 0 ? 0 : texts->ends[index - 1];
    sojourn_bytes text = {texts->bytes.data + start, texts->ends[index] - start};
    return text;
}

/* Writes texts out up to the first bad prefix, whose row goes to `bad_prefix`. */
static bool write_out_texts(
    const struct column *column, const uint8_t *prefixes, struct texts *texts,
    uint32_t *bad_prefix, struct fault *fault) {
    *bad_prefix = UINT32_MAX;
    if (column->data == NULL) return true;
    uint64_t total;
    if (!check_lengths(column, BAD_TEXT_LENGTH, TEXT_BYTES_MAX, prefixes, &total, fault))
        return false;
    if (total > TEXTS_BYTES_MAX) return fault_at(fault, TEXTS_TOO_LARGE, NO_FAULT_OFFSET);
    extend(&texts->bytes, total);
    texts->bytes.size = 0;
    texts->ends = calloc(column->count + 1u, sizeof *texts->ends);
    size_t before = 0;
    for (uint32_t i = 0; i < column->count; i++) {
        sojourn_bytes own = entry_of(column, i);
        size_t prefix = prefixes == NULL ? 0 : prefixes[i], begin = texts->bytes.size;
        if (prefix > begin - before) {
            *bad_prefix = i;
            return true;
        }
        append(&texts->bytes, texts->bytes.data + before, prefix);
        append(&texts->bytes, own.data, own.size);
        if (!is_utf8(texts->bytes.data + begin, texts->bytes.size - begin))
            return fault_at(
                fault, BAD_UTF8,
                column->start + (uint64_t)((const uint8_t *)own.data - column->data));
        texts->ends[i] = texts->bytes.size;
        texts->count++;
        before = begin;
    }
    return true;
}

static void check_indexes(
    const struct column *column, uint64_t greatest, struct fault *fault) {
    for (uint32_t i = 0; column->data != NULL && i < column->count; i++)
        if (element(column, i) > greatest)
            note_fault(
                fault, INDEX_OUT_OF_RANGE, column->start + (uint64_t)i * column->width);
}

static bool check_assign_request(
    const uint8_t *frame, size_t size, struct column *columns, struct texts *texts,
    struct fault *fault) {
    if (!check_layout(
            frame, size, ASSIGN_FIXED_BYTES, REQUEST_FORM, R_FORMS, EVENTS_MAX, columns, fault))
        return false;
    uint32_t events = load32(frame + HEADER_BYTES);
    if (columns[R_TIME].data == NULL || columns[R_KIND].data == NULL
        || columns[R_VISITOR].data == NULL || columns[R_KEYS].data == NULL
        || (columns[R_PREFIXES].data != NULL && columns[R_TEXTS].data == NULL))
        return fault_at(fault, MISSING_COLUMN, NO_FAULT_OFFSET);
    uint64_t counts[R_FORMS], maxima[R_FORMS];
    for (int i = 0; i < R_FORMS; i++) {
        counts[i] = events;
        maxima[i] = ANY_COUNT;
    }
    counts[R_KEYS] = counts[R_TEXTS] = counts[R_CONTEXTS] = ANY_COUNT;
    counts[R_PREFIXES] = columns[R_TEXTS].count;
    maxima[R_KEYS] = maxima[R_TEXTS] = maxima[R_CONTEXTS] = ENTRIES_MAX;
    if (!check_columns(columns, REQUEST_FORM, R_FORMS, counts, maxima, fault)) return false;

    uint64_t total;
    if (!check_lengths(
            &columns[R_KEYS], BAD_KEY_LENGTH, KEY_BYTES_MAX, NULL, &total, fault))
        return false;
    uint32_t bad_prefix;
    if (!write_out_texts(
            &columns[R_TEXTS], columns[R_PREFIXES].data, texts, &bad_prefix, fault))
        return false;
    for (uint32_t i = 0; i < events; i++) {
        uint8_t kind = columns[R_KIND].data[i];
        if (kind < SOJOURN_VIEW || kind > SOJOURN_END)
            return fault_at(fault, 49, columns[R_KIND].start + i);
    }
    if (bad_prefix != UINT32_MAX)
        note_fault(fault, INDEX_OUT_OF_RANGE, columns[R_PREFIXES].start + bad_prefix);
    const struct column *contexts = &columns[R_CONTEXTS];
    for (uint32_t i = 0; contexts->data != NULL && i < contexts->count; i++)
        if (i % contexts->parameter < SOJOURN_ATTRIBUTES
            && element(contexts, i) > columns[R_TEXTS].count)
            note_fault(
                fault, INDEX_OUT_OF_RANGE, contexts->start + (uint64_t)i * contexts->width);
    /* An index without plus one: below the count, which wraps when there are no keys at all. */
    if (columns[R_KEYS].count == 0)
        note_fault(fault, INDEX_OUT_OF_RANGE, columns[R_VISITOR].start);
    else check_indexes(&columns[R_VISITOR], columns[R_KEYS].count - 1, fault);
    check_indexes(&columns[R_NAME], columns[R_TEXTS].count, fault);
    check_indexes(
        &columns[R_CONTEXT], contexts->data == NULL ? 0 : contexts->count / contexts->parameter,
        fault);
    if (fault->code != 0) return false;

    int64_t base = (int64_t)load64(frame + HEADER_BYTES + 8);
    for (uint32_t i = 0; i < events; i++) {
        uint64_t delta = element(&columns[R_TIME], i);
        /* The sum in 128 bits: both of one sign, and the sum of the other, left 64. */
        uint64_t sum = (uint64_t)base + delta;
        bool is_signed = columns[R_TIME].width == 8;
        bool overflows = is_signed
            ? (base < 0) == ((int64_t)delta < 0) && (base < 0) != ((int64_t)sum < 0)
            : base >= 0 && (int64_t)sum < 0;
        if (overflows || (int64_t)sum < 0 || (int64_t)sum >= EVENT_TIME_END)
            return fault_at(
                fault, 51, columns[R_TIME].start + (uint64_t)i * columns[R_TIME].width);
    }
    const struct column *value = &columns[R_VALUE];
    if (value->data != NULL && value->parameter > (value->width == 8 ? 0 : SCALE_MAX))
        return fault_at(fault, 52, value->descriptor + 2);
    return true;
}

static json_t *context_json(
    const struct column *contexts, uint32_t row, const struct texts *texts) {
    json_t *object = json_object();
    uint32_t first = row * contexts->parameter;
    for (uint32_t i = 0; i < SOJOURN_ATTRIBUTES; i++) {
        uint64_t cell = element(contexts, first + i);
        if (cell != 0)
            json_object_set_new(object, ATTRIBUTES[i], text_json(text_at(texts, cell - 1)));
    }
    if (element(contexts, first + SOJOURN_ATTRIBUTES) & 1)
        json_object_set_new(object, "knownBot", json_true());
    return object;
}

static int64_t signed_element(const struct column *column, uint32_t row) {
    uint64_t value = element(column, row);
    switch (column->width) {
    case 1: return (int8_t)value;
    case 2: return (int16_t)value;
    case 4: return (int32_t)value;
    default: return (int64_t)value;
    }
}

static json_t *decode_assign_request(const uint8_t *frame, size_t size, struct fault *fault) {
    struct column columns[R_FORMS];
    struct texts texts = {0};
    json_t *body = NULL;
    if (check_assign_request(frame, size, columns, &texts, fault)) {
        uint64_t base = load64(frame + HEADER_BYTES + 8);
        json_t *events = json_array();
        for (uint32_t i = 0; i < columns[R_TIME].count; i++) {
            sojourn_bytes key =
                entry_of(&columns[R_KEYS], (uint32_t)element(&columns[R_VISITOR], i));
            json_t *event = json_pack(
                "{sossso}", "time", unsigned_text(base + element(&columns[R_TIME], i)), "kind",
                name_of(KIND_NAMES, columns[R_KIND].data[i]), "visitor", hex(key.data, key.size));
            uint64_t name = element(&columns[R_NAME], i);
            if (name != 0)
                json_object_set_new(event, "name", text_json(text_at(&texts, name - 1)));
            uint64_t context = element(&columns[R_CONTEXT], i);
            if (context != 0)
                json_object_set_new(
                    event, "context",
                    context_json(&columns[R_CONTEXTS], (uint32_t)context - 1, &texts));
            int64_t value = columns[R_VALUE].data == NULL ? 0
                : signed_element(&columns[R_VALUE], i) * POWERS[columns[R_VALUE].parameter];
            if (value != 0) json_object_set_new(event, "value", signed_text(value));
            uint64_t id = element(&columns[R_ID], i);
            if (id != 0) json_object_set_new(event, "event_id", unsigned_text(id));
            json_array_append_new(events, event);
        }
        body = json_pack("{soso}", "base_time", signed_text((int64_t)base), "events", events);
    }
    free(texts.bytes.data);
    free(texts.ends);
    return body;
}

/* ---- Decoding replies: the client's own reading, shown as JSON */

static json_t *decode_hello_reply(const uint8_t *frame, size_t size, struct fault *fault) {
    sojourn_server server;
    if (!read_hello(frame, size, &server, fault)) return NULL;
    return json_pack(
        "{sisIsososIsIsisisIsIsIsIsIsisissss}", "version", server.version, "features",
        (json_int_t)server.features, "deployment", hex(server.deployment.bytes, 16),
        "server_time", signed_text(server.server_time), "message_bytes",
        (json_int_t)server.message_bytes, "batch_events", (json_int_t)server.batch_events,
        "visitor_key_bytes", server.visitor_key_bytes, "text_bytes", server.text_bytes,
        "batch_texts", (json_int_t)server.batch_texts, "batch_contexts",
        (json_int_t)server.batch_contexts, "credit", (json_int_t)server.credit,
        "producer_window", (json_int_t)server.producer_window, "partitions",
        (json_int_t)server.partitions, "first_partition", server.first_partition,
        "last_partition", server.last_partition, "name", server.name, "server_version",
        server.server_version);
}

static json_t *decode_assign_reply(struct reply *reply, struct fault *fault) {
    if (!read_answer(reply, fault)) return NULL;
    const sojourn_answer *answer = (const sojourn_answer *)reply;
    json_t *sessions = json_array(), *events = json_array(), *revisions = json_array();
    sojourn_session session;
    for (size_t i = 0; sojourn_answer_session(answer, i, &session); i++) {
        json_t *object = json_pack(
            "{sososI}", "id", uuid_json(&session.id), "start", signed_text(session.start),
            "ordinal", (json_int_t)session.ordinal);
        set_state(object, session.boundary, session.flags);
        json_array_append_new(sessions, object);
    }
    sojourn_assignment assignment;
    for (size_t i = 0; sojourn_answer_get(answer, i, &assignment); i++)
        json_array_append_new(
            events,
            json_pack(
                "{sosIso}", "session",
                assignment.session_row == SOJOURN_NO_SESSION
                    ? json_null() : json_integer(assignment.session_row),
                "position", (json_int_t)assignment.position, "outcome",
                name_json(sojourn_outcome_name(assignment.outcome), assignment.outcome)));
    sojourn_revision revision;
    for (size_t i = 0; sojourn_answer_revision(answer, i, &revision); i++)
        json_array_append_new(
            revisions,
            json_pack(
                "{sososososi}", "number", unsigned_text(revision.number), "from",
                uuid_json(&revision.from), "into", uuid_json(&revision.into), "cause",
                name_json(sojourn_cause_name(revision.cause), revision.cause), "partition",
                revision.partition));
    return json_pack(
        "{sosososo}", "clock", signed_text(sojourn_answer_clock(answer)), "sessions", sessions,
        "events", events, "revisions", revisions);
}

static json_t *details_json(const sojourn_found *found, size_t row, const sojourn_details *at) {
    json_t *context = json_object(), *path = json_array(), *state = json_object();
    for (int i = 0; i < SOJOURN_ATTRIBUTES; i++)
        if (at->attributes[i].size > 0)
            json_object_set_new(context, ATTRIBUTES[i], text_json(at->attributes[i]));
    sojourn_step step;
    for (size_t i = 0; sojourn_found_step(found, row, i, &step); i++) {
        json_t *object = json_pack("{sI}", "after", (json_int_t)step.after_ms);
        if (step.page.size > 0) json_object_set_new(object, "page", text_json(step.page));
        json_array_append_new(path, object);
    }
    set_state(state, at->boundary, at->flags);
    json_t *object = json_pack(
        "{sosIsosososososIsIsIsIsosososo}", "id", uuid_json(&at->id), "ordinal",
        (json_int_t)at->ordinal, "first_event", signed_text(at->first_event), "last_event",
        signed_text(at->last_event), "value", signed_text(at->value), "engaged",
        signed_text(at->engaged_ms), "finishes", signed_text(at->finishes), "events",
        (json_int_t)at->events, "views", (json_int_t)at->views, "actions",
        (json_int_t)at->actions, "conversions", (json_int_t)at->conversions, "state", state,
        "boundary_out",
        at->boundary_out == SOJOURN_BOUNDARY_NONE
            ? json_null() : name_json(sojourn_boundary_name(at->boundary_out), at->boundary_out),
        "context", context, "path", path);
    if (at->landing_page.size > 0)
        json_object_set_new(object, "landing_page", text_json(at->landing_page));
    if (at->exit_page.size > 0)
        json_object_set_new(object, "exit_page", text_json(at->exit_page));
    return object;
}

static json_t *decode_lookup_reply(struct reply *reply, struct fault *fault) {
    if (!read_found(reply, fault)) return NULL;
    const sojourn_found *found = (const sojourn_found *)reply;
    json_t *sessions = json_array();
    sojourn_details details;
    for (size_t i = 0; sojourn_found_get(found, i, &details); i++)
        json_array_append_new(sessions, details_json(found, i, &details));
    return json_pack(
        "{soso}", "clock", signed_text(sojourn_found_clock(found)), "sessions", sessions);
}

static json_t *decode_status_reply(struct reply *reply, struct fault *fault) {
    if (!read_gauges(reply, fault)) return NULL;
    const sojourn_gauges *gauges = (const sojourn_gauges *)reply;
    json_t *list = json_array();
    sojourn_gauge gauge;
    for (size_t i = 0; sojourn_gauges_get(gauges, i, &gauge); i++)
        json_array_append_new(
            list,
            json_pack("{soso}", "name", text_json(gauge.name), "value", signed_text(gauge.value)));
    return json_pack(
        "{soso}", "server_time", signed_text(sojourn_gauges_time(gauges)), "gauges", list);
}

static json_t *decode_error_reply(const uint8_t *frame, size_t size, struct fault *fault) {
    struct refusal refusal;
    if (!read_refusal(frame, size, &refusal, fault)) return NULL;
    return json_pack(
        "{sssbsIsosisiss}", "code", sojourn_code_name(refusal.code), "retriable",
        refusal.is_retriable, "retry_after", (json_int_t)refusal.retry_after, "offset",
        refusal.offset == SOJOURN_NO_OFFSET ? json_null() : json_integer(refusal.offset),
        "lowest_version", refusal.lowest_version, "highest_version", refusal.highest_version,
        "message", refusal.message);
}

/* ---- Any message */

static json_t *decode_body(
    bool is_reply, const uint8_t *frame, size_t size, uint8_t operation, struct fault *fault) {
    struct reply reply;
    memset(&reply, 0, sizeof reply);
    reply.frame = frame;
    reply.size = size;
    switch (operation) {
    case HELLO:
        return is_reply ? decode_hello_reply(frame, size, fault)
                        : decode_hello_request(frame, size, fault);
    case ASSIGN:
        return is_reply ? decode_assign_reply(&reply, fault)
                        : decode_assign_request(frame, size, fault);
    case LOOKUP:
        return is_reply ? decode_lookup_reply(&reply, fault)
                        : decode_lookup_request(frame, size, fault);
    case STATUS:
        if (is_reply) return decode_status_reply(&reply, fault);
        if (size > HEADER_BYTES) return fault_at(fault, TRAILING_BYTES, HEADER_BYTES), NULL;
        return json_object();
    default: return decode_error_reply(frame, size, fault);
    }
}

/* {"header": ..., "body": ...}, or NULL and what is wrong. */
static json_t *decode(bool is_reply, const uint8_t *frame, size_t size, struct fault *fault) {
    struct header header;
    memset(fault, 0, sizeof *fault);
    if (!read_header(frame, size, is_reply, &header, fault)) return NULL;
    json_t *body = decode_body(is_reply, frame, size, header.operation, fault);
    if (body == NULL) return NULL;
    return json_pack(
        "{s{sisssisosososIsIso}so}", "header", "version", header.version, "operation",
        name_of(OPERATION_NAMES, header.operation), "flags", header.flags, "correlation",
        unsigned_text(header.correlation), "producer", unsigned_text(header.producer), "sequence",
        unsigned_text(header.sequence), "deadline", (json_int_t)header.deadline, "property",
        (json_int_t)header.property, "deployment", unsigned_text(header.deployment), "body", body);
}

/* ---- Encoding */

struct wire_column {
    unsigned column;
    unsigned width;
    unsigned parameter;
    uint32_t count;
    struct bytes data;
};

struct wire {
    struct wire_column columns[COLUMNS_MAX];
    unsigned count;
};

static struct wire_column *add_column(
    struct wire *wire, unsigned column, unsigned width, unsigned parameter, uint32_t count) {
    unsigned at = wire->count++;
    while (at > 0 && wire->columns[at - 1].column > column) {
        wire->columns[at] = wire->columns[at - 1];
        at--;
    }
    wire->columns[at] = (struct wire_column){column, width, parameter, count, {0}};
    return &wire->columns[at];
}

static void add_unknown(struct wire *wire, const json_t *encoding) {
    size_t i;
    json_t *unknown;
    json_array_foreach(json_object_get(encoding, "unknown"), i, unknown) {
        struct bytes data = unhex(string(unknown, "data"));
        add_column(
            wire, (unsigned)number(unknown, "column"), (unsigned)number(unknown, "width"),
            (unsigned)number(unknown, "parameter"), (uint32_t)number(unknown, "count"))
            ->data = data;
    }
}

/* Writes the directory and the columns behind the fixed part, which is there. */
static void lay_out(struct bytes *body, struct wire *wire) {
    store16(body->data + 4, wire->count);
    size_t directory = body->size;
    extend(body, wire->count * DESCRIPTOR_BYTES);
    for (unsigned i = 0; i < wire->count; i++) {
        struct wire_column *column = &wire->columns[i];
        extend(body, (size_t)align8(body->size) - body->size);
        write_descriptor(
            body->data + directory + i * DESCRIPTOR_BYTES, column->column, column->width,
            column->parameter, column->count, body->size, column->data.size);
        append(body, column->data.data, column->data.size);
        free(column->data.data);
    }
}

static void read_context_json(const json_t *object, sojourn_context *context) {
    memset(context, 0, sizeof *context);
    for (int i = 0; i < SOJOURN_ATTRIBUTES; i++)
        context->attributes[i] = json_bytes(json_object_get(object, ATTRIBUTES[i]));
    context->known_bot = json_is_true(json_object_get(object, "knownBot"));
}

static bool add_events(sojourn_batch *batch, const json_t *body) {
    size_t i;
    json_t *object;
    json_array_foreach(json_object_get(body, "events"), i, object) {
        struct bytes key = unhex(string(object, "visitor"));
        sojourn_context context;
        json_t *where = json_object_get(object, "context");
        if (where != NULL) read_context_json(where, &context);
        sojourn_event event = {
            .time = (int64_t)number(object, "time"),
            .kind = sojourn_kind_code(string(object, "kind")),
            .visitor = {key.data, key.size},
            .name = json_bytes(json_object_get(object, "name")),
            .context = where == NULL ? NULL : &context,
            .value = (int64_t)number(object, "value"),
            .id = number(object, "event_id")};
        sojourn_error error;
        sojourn_result result = sojourn_batch_add(batch, &event, &error);
        free(key.data);
        if (result != SOJOURN_OK) {
            printf("FAIL add: %s\n", error.message);
            return false;
        }
    }
    return true;
}

/* The choices of a vector. */
static void read_plan(const json_t *body, struct plan *plan) {
    memset(plan, 0, sizeof *plan);
    plan->base_time = (int64_t)number(body, "base_time");
    const char *key;
    json_t *choice;
    json_object_foreach(json_object_get(json_object_get(body, "encoding"), "columns"), key, choice)
        plan_column(
            plan, (int)code_of(COLUMN_NAMES, key), (unsigned)number(choice, "width"),
            (unsigned)number(choice, "parameter"));
}

/* The batch as a vector wants it: its dictionaries, with what nothing points at, in its order. */
static sojourn_batch *forced_batch(const json_t *body) {
    const json_t *encoding = json_object_get(body, "encoding");
    sojourn_batch *batch = sojourn_batch_new();
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(encoding, "visitor_keys"), i, entry) {
        struct bytes key = unhex(json_string_value(entry));
        dictionary_intern(&batch->keys, key.data, key.size);
        free(key.data);
    }
    json_array_foreach(json_object_get(encoding, "contexts"), i, entry) {
        sojourn_context context;
        uint32_t row;
        read_context_json(entry, &context);
        if (intern_context(batch, &context, &row, NULL) != SOJOURN_OK) abort();
    }
    if (!add_events(batch, body)) abort();
    json_t *texts = json_object_get(encoding, "texts");
    uint32_t count = (uint32_t)json_array_size(texts);
    uint32_t *order = calloc(count + 1u, sizeof *order), *ranks = calloc(count + 1u, sizeof *ranks);
    json_array_foreach(texts, i, entry) {
        if (intern_text(batch, json_bytes(entry), &order[i], NULL)
            != SOJOURN_OK)
            abort();
        ranks[order[i]] = (uint32_t)i;
    }
    if (!batch_order_texts(batch)) abort();
    for (i = 0; i < batch->count; i++)
        if (batch->names[i] != 0)
            batch->names[i] = ranks[batch->order[batch->names[i] - 1]] + 1;
    if (count > 0) {
        memcpy(batch->order, order, count * sizeof *order);
        memcpy(batch->ranks, ranks, count * sizeof *ranks);
    }
    batch_find_prefixes(batch);
    free(order);
    free(ranks);
    return batch;
}

/* With the vector's choices, through the client's writers of columns. */
static void encode_forced(const json_t *json, struct bytes *body) {
    const json_t *encoding = json_object_get(json, "encoding");
    sojourn_batch *batch = forced_batch(json);
    struct plan plan;
    struct wire wire = {0};
    read_plan(json, &plan);
    for (int column = 1; column < REQUEST_COLUMNS; column++) {
        if (!plan.present[column]) continue;
        struct bytes data = {0};
        uint8_t *at = extend(&data, column_size(batch, &plan, column));
        if (write_column(at, batch, &plan, column) != data.data + data.size) abort();
        add_column(
            &wire, (unsigned)column, plan.width[column], plan.parameter[column],
            column_count(batch, &plan, column))->data = data;
        size_t i, k;
        json_t *context, *cell;
        unsigned width = plan.width[column], cells = plan.parameter[column];
        if (column == COLUMN_CONTEXTS)
            json_array_foreach(json_object_get(encoding, "contexts"), i, context)
                json_array_foreach(json_object_get(context, "extra"), k, cell)
                    store_integer(
                        at + (i * cells + CONTEXT_CELLS + k) * width, width,
                        (uint64_t)json_integer_value(cell));
    }
    add_unknown(&wire, encoding);
    append_integer(body, 4, batch->count);
    append_integer(body, 4, 0);
    append_integer(body, 8, (uint64_t)plan.base_time);
    lay_out(body, &wire);
    sojourn_batch_free(batch);
}

/* As the client does it. */
static void encode_chosen(const json_t *json, struct bytes *body) {
    sojourn_batch *batch = sojourn_batch_new();
    struct plan plan;
    if (!add_events(batch, json) || !batch_order_texts(batch)) abort();
    plan_batch(&plan, batch);
    size_t size = body_size(batch, &plan);
    write_body(extend(body, size), batch, &plan);
    sojourn_batch_free(batch);
}

static void append_text_columns(
    struct wire *wire, const json_t *choices, const json_t *texts, const char *key) {
    json_t *choice = json_object_get(choices, "texts"), *text;
    if (choice == NULL) return;
    unsigned width = (unsigned)number(choice, "width");
    struct bytes ends = {0}, data = {0};
    size_t i;
    json_array_foreach(texts, i, text) {
        const char *string_ = key == NULL ? json_string_value(text) : string(text, key);
        append(&data, string_, strlen(string_));
        if (width != 0) append_integer(&ends, width, data.size);
    }
    append(&ends, data.data, data.size);
    free(data.data);
    add_column(
        wire, COLUMN_TEXTS, width, (unsigned)number(choice, "parameter"),
        (uint32_t)json_array_size(texts))->data = ends;
}

/* The column of this name, if the encoding has it. */
static struct wire_column *add_chosen(
    struct wire *wire, const json_t *choices, const char *name, size_t count) {
    json_t *choice = json_object_get(choices, name);
    if (choice == NULL) return NULL;
    return add_column(
        wire, code_of(COLUMN_NAMES, name), (unsigned)number(choice, "width"),
        (unsigned)number(choice, "parameter"), (uint32_t)count);
}

static void append_uuid(struct wire_column *column, const char *text) {
    uint8_t *at = extend(&column->data, column->parameter);
    sojourn_uuid uuid;
    if (!sojourn_uuid_parse(text, &uuid)) abort();
    memcpy(at, uuid.bytes, 16);
}

static void encode_assign_reply(const json_t *json, struct bytes *body) {
    static const char *of_session[] = {"sessionID", "sessionShift", "ordinal", "sessionState"};
    static const char *of_event[] = {"session", "position", "outcome"};
    static const char *of_revision[] = {
        "revisionNumber", "revisionFrom", "revisionInto", "revisionCause", "revisionPartition"};
    const json_t *encoding = json_object_get(json, "encoding"), *object;
    const json_t *choices = json_object_get(encoding, "columns");
    const json_t *sessions = json_object_get(json, "sessions");
    const json_t *events = json_object_get(json, "events");
    const json_t *revisions = json_object_get(json, "revisions");
    struct wire wire = {0};
    size_t i;
    for (int k = 0; k < 4; k++) {
        struct wire_column *to =
            add_chosen(&wire, choices, of_session[k], json_array_size(sessions));
        if (to == NULL) continue;
        json_array_foreach(sessions, i, object) {
            sojourn_uuid id;
            if (!sojourn_uuid_parse(string(object, "id"), &id)) abort();
            if (k == 0) append_uuid(to, string(object, "id"));
            else if (k == 1)
                append_integer(
                    &to->data, to->width,
                    (uint64_t)uuid_time(id.bytes) - number(object, "start"));
            else if (k == 2) append_integer(&to->data, to->width, number(object, "ordinal"));
            else append_integer(&to->data, 1, state_byte(object));
        }
    }
    for (int k = 0; k < 3; k++) {
        struct wire_column *to = add_chosen(&wire, choices, of_event[k], json_array_size(events));
        if (to == NULL) continue;
        json_array_foreach(events, i, object) {
            const json_t *session = json_object_get(object, "session");
            if (k == 0)
                append_integer(
                    &to->data, to->width,
                    json_is_null(session) ? 0 : (uint64_t)json_integer_value(session) + 1);
            else if (k == 1) append_integer(&to->data, to->width, number(object, "position"));
            else append_integer(&to->data, 1, code_of(OUTCOME_NAMES, string(object, "outcome")));
        }
    }
    for (int k = 0; k < 5; k++) {
        struct wire_column *to =
            add_chosen(&wire, choices, of_revision[k], json_array_size(revisions));
        if (to == NULL) continue;
        json_array_foreach(revisions, i, object) {
            if (k == 0) append_integer(&to->data, 8, number(object, "number"));
            else if (k == 1) append_uuid(to, string(object, "from"));
            else if (k == 2) append_uuid(to, string(object, "into"));
            else if (k == 3) append_integer(&to->data, 1, SOJOURN_CAUSE_BRIDGE);
            else append_integer(&to->data, 2, number(object, "partition"));
        }
    }
    add_unknown(&wire, encoding);
    append_integer(body, 4, json_array_size(events));
    append_integer(body, 4, 0);
    append_integer(body, 4, json_array_size(sessions));
    append_integer(body, 4, json_array_size(revisions));
    append_integer(body, 8, number(json, "clock"));
    lay_out(body, &wire);
}

static uint32_t text_index(const json_t *texts, const char *text) {
    size_t i;
    json_t *entry;
    if (text == NULL) return 0;
    json_array_foreach(texts, i, entry)
        if (strcmp(json_string_value(entry), text) == 0) return (uint32_t)i + 1;
    UNREACHABLE();
}

static void encode_lookup_reply(const json_t *json, struct bytes *body) {
    const json_t *encoding = json_object_get(json, "encoding"), *object, *step;
    const json_t *choices = json_object_get(encoding, "columns");
    const json_t *sessions = json_object_get(json, "sessions");
    const json_t *texts = json_object_get(encoding, "texts");
    struct wire wire = {0};
    append_text_columns(&wire, choices, texts, NULL);
    struct wire_column none = {0}, *to, *path;
    add_chosen(&wire, choices, "sessions", json_array_size(sessions));
    add_chosen(&wire, choices, "path", 0);
    to = path = &none;
    for (unsigned k = 0; k < wire.count; k++) {
        if (wire.columns[k].column == 64) to = &wire.columns[k];
        if (wire.columns[k].column == 65) path = &wire.columns[k];
    }
    size_t i, k;
    json_array_foreach(sessions, i, object) {
        const json_t *steps = json_object_get(object, "path");
        const json_t *context = json_object_get(object, "context");
        const json_t *out = json_object_get(object, "boundary_out");
        uint8_t *at = extend(&to->data, to->parameter);
        sojourn_uuid id;
        if (!sojourn_uuid_parse(string(object, "id"), &id)) abort();
        memcpy(at, id.bytes, 16);
        store64(at + 16, number(object, "first_event"));
        store64(at + 24, number(object, "last_event"));
        store64(at + 32, number(object, "value"));
        store64(at + 40, number(object, "engaged"));
        store32(at + 48, (uint32_t)number(object, "ordinal"));
        store32(at + 52, (uint32_t)number(object, "events"));
        store32(at + 56, (uint32_t)number(object, "views"));
        store32(at + 60, (uint32_t)number(object, "actions"));
        store32(at + 64, (uint32_t)number(object, "conversions"));
        at[68] = state_byte(json_object_get(object, "state"));
        at[69] = json_is_null(out)
            ? 255 : (uint8_t)code_of(BOUNDARY_NAMES, json_string_value(out));
        for (unsigned cell = 0; cell < SOJOURN_ATTRIBUTES; cell++)
            store32(at + 72 + 4 * cell, text_index(texts, string(context, ATTRIBUTES[cell])));
        store32(at + 104, text_index(texts, string(object, "landing_page")));
        store32(at + 108, text_index(texts, string(object, "exit_page")));
        store32(at + 112, path->count);
        store32(at + 116, (uint32_t)json_array_size(steps));
        store64(at + 120, number(object, "finishes"));
        json_array_foreach(steps, k, step) {
            uint8_t *place = extend(&path->data, path->parameter);
            store32(place, (uint32_t)number(step, "after"));
            store32(place + 4, text_index(texts, string(step, "page")));
            path->count++;
        }
    }
    add_unknown(&wire, encoding);
    append_integer(body, 4, json_array_size(sessions));
    append_integer(body, 4, 0);
    append_integer(body, 8, number(json, "clock"));
    lay_out(body, &wire);
}

static void encode_status_reply(const json_t *json, struct bytes *body) {
    const json_t *encoding = json_object_get(json, "encoding"), *gauge;
    const json_t *choices = json_object_get(encoding, "columns");
    const json_t *gauges = json_object_get(json, "gauges");
    struct wire wire = {0};
    size_t i;
    append_text_columns(&wire, choices, gauges, "name");
    struct wire_column *to = add_chosen(&wire, choices, "gauges", json_array_size(gauges));
    if (to != NULL)
        json_array_foreach(gauges, i, gauge) append_integer(&to->data, 8, number(gauge, "value"));
    add_unknown(&wire, encoding);
    append_integer(body, 4, json_array_size(gauges));
    append_integer(body, 4, 0);
    append_integer(body, 8, number(json, "server_time"));
    lay_out(body, &wire);
}

static void encode_hello_reply(const json_t *json, struct bytes *body) {
    const char *name = string(json, "name"), *version = string(json, "server_version");
    struct bytes deployment = unhex(string(json, "deployment"));
    append_integer(body, 4, number(json, "version"));
    append_integer(body, 4, number(json, "features"));
    append(body, deployment.data, deployment.size);
    append_integer(body, 8, number(json, "server_time"));
    append_integer(body, 4, number(json, "message_bytes"));
    append_integer(body, 4, number(json, "batch_events"));
    append_integer(body, 2, number(json, "visitor_key_bytes"));
    append_integer(body, 2, number(json, "text_bytes"));
    append_integer(body, 4, number(json, "batch_texts"));
    append_integer(body, 4, number(json, "batch_contexts"));
    append_integer(body, 4, number(json, "credit"));
    append_integer(body, 4, number(json, "producer_window"));
    append_integer(body, 4, number(json, "partitions"));
    append_integer(body, 2, strlen(name));
    append_integer(body, 2, strlen(version));
    append_integer(body, 2, number(json, "first_partition"));
    append_integer(body, 2, number(json, "last_partition"));
    append(body, name, strlen(name));
    append(body, version, strlen(version));
    free(deployment.data);
}

static void encode_hello_request(const json_t *json, struct bytes *body) {
    const char *name = string(json, "name");
    struct bytes deployment = unhex(string(json, "deployment"));
    sojourn_uuid uuid;
    memcpy(uuid.bytes, deployment.data, 16);
    write_hello(
        extend(body, HELLO_FIXED_BYTES + strlen(name)), (uint8_t)number(json, "lowest_version"),
        (uint8_t)number(json, "highest_version"), (uint32_t)number(json, "features"), &uuid, name,
        strlen(name));
    free(deployment.data);
}

static void encode_lookup_request(const json_t *json, struct bytes *body) {
    struct bytes key = unhex(string(json, "key"));
    write_lookup(
        extend(body, LOOKUP_FIXED_BYTES + key.size),
        strcmp(string(json, "by"), "visitor") == 0 ? 1 : 2, key.data, key.size);
    free(key.data);
}

static void encode_error_reply(const json_t *json, struct bytes *body) {
    const char *message = string(json, "message");
    const json_t *offset = json_object_get(json, "offset");
    append_integer(body, 2, code_of(CODE_NAMES, string(json, "code")));
    append_integer(body, 2, json_is_true(json_object_get(json, "retriable")));
    append_integer(body, 4, number(json, "retry_after"));
    append_integer(
        body, 4, json_is_null(offset) ? UINT32_MAX : (uint64_t)json_integer_value(offset));
    append_integer(body, 1, number(json, "lowest_version"));
    append_integer(body, 1, number(json, "highest_version"));
    append_integer(body, 2, strlen(message));
    append(body, message, strlen(message));
}

static struct bytes seal(const json_t *json, const struct bytes *body) {
    struct bytes frame = {0};
    extend(&frame, HEADER_BYTES);
    append(&frame, body->data, body->size);
    struct header header = {
        .version = (uint8_t)number(json, "version"),
        .operation = (uint8_t)code_of(OPERATION_NAMES, string(json, "operation")),
        .flags = (uint16_t)number(json, "flags"),
        .correlation = number(json, "correlation"),
        .producer = number(json, "producer"),
        .sequence = number(json, "sequence"),
        .deadline = (uint32_t)number(json, "deadline"),
        .property = (uint32_t)number(json, "property"),
        .deployment = number(json, "deployment")};
    seal_frame(frame.data, body->size, &header);
    return frame;
}

static bool same(const struct bytes *one, const struct bytes *other) {
    return one->size == other->size && memcmp(one->data, other->data, one->size) == 0;
}

static void encode_body(
    bool is_reply, unsigned operation, const json_t *json, bool is_forced, struct bytes *body) {
    extend(body, 0);
    if (operation == HELLO) (is_reply ? encode_hello_reply : encode_hello_request)(json, body);
    if (operation == LOOKUP) (is_reply ? encode_lookup_reply : encode_lookup_request)(json, body);
    if (operation == STATUS && is_reply) encode_status_reply(json, body);
    if (operation == ERROR) encode_error_reply(json, body);
    if (operation == ASSIGN && is_reply) encode_assign_reply(json, body);
    if (operation == ASSIGN && !is_reply) (is_forced ? encode_forced : encode_chosen)(json, body);
}

/* ---- The run */

struct tally {
    int encoded, decoded, valid, refused, invalid;
    int chosen; /* requests whose bytes are those of the client's own choices */
    int requests;
};

static bool encodes_to(
    const json_t *message, bool is_reply, bool is_forced, const struct bytes *expected) {
    const json_t *header = json_object_get(message, "header");
    unsigned operation = code_of(OPERATION_NAMES, string(header, "operation"));
    struct bytes body = {0};
    encode_body(is_reply, operation, json_object_get(message, "body"), is_forced, &body);
    struct bytes frame = seal(header, &body);
    bool is_same = same(&frame, expected);
    free(body.data);
    free(frame.data);
    return is_same;
}

static void run_valid(
    const json_t *message, const char *name, bool is_reply, const struct bytes *frame,
    struct tally *tally) {
    struct fault fault;
    json_t *expected = json_pack(
        "{sOsO}", "header", json_object_get(message, "header"), "body",
        json_object_get(message, "body"));
    tally->valid++;
    bool is_chosen = !is_reply && encodes_to(message, false, false, frame);
    tally->chosen += is_chosen;
    tally->requests += !is_reply;
    if (is_chosen || encodes_to(message, is_reply, true, frame)) tally->encoded++;
    else printf("FAIL %s: encoded to other bytes\n", name);
    json_object_del(json_object_get(expected, "body"), "encoding");
    json_t *content = decode(is_reply, frame->data, frame->size, &fault);
    if (content == NULL)
        printf("FAIL %s: refused with %s\n", name, sojourn_code_name(fault.code));
    else if (!json_equal(content, expected)) printf("FAIL %s: decoded to other content\n", name);
    else tally->decoded++;
    json_decref(content);
    json_decref(expected);
}

static void run_invalid(
    const json_t *message, const char *name, bool is_reply, const struct bytes *frame,
    struct tally *tally) {
    struct fault fault;
    const json_t *offset = json_object_get(message, "offset");
    uint32_t expected = json_is_null(offset) ? SOJOURN_NO_OFFSET
                                             : (uint32_t)json_integer_value(offset);
    tally->invalid++;
    json_t *content = decode(is_reply, frame->data, frame->size, &fault);
    if (content != NULL) printf("FAIL %s: was not refused\n", name);
    else if (
        strcmp(sojourn_code_name(fault.code), string(message, "error")) != 0
        || fault.offset != expected)
        printf(
            "FAIL %s: refused with %s at %lld, not %s at %lld\n", name,
            sojourn_code_name(fault.code), (long long)fault.offset, string(message, "error"),
            (long long)expected);
    else tally->refused++;
    json_decref(content);
}

static void run_file(const char *path, struct tally *tally) {
    json_error_t reason;
    json_t *message = json_load_file(path, JSON_ALLOW_NUL, &reason);
    if (message == NULL) {
        printf("FAIL %s: %s\n", path, reason.text);
        tally->valid++;
        return;
    }
    const char *packed = string(message, "body_zlib_base64");
    if (packed != NULL) {
        struct bytes text = inflate_base64(packed);
        json_object_set_new(
            message, "body", json_loadb((char *)text.data, text.size, JSON_ALLOW_NUL, &reason));
        free(text.data);
    }
    packed = string(message, "frame_zlib_base64");
    struct bytes frame = packed != NULL ? inflate_base64(packed) : unhex(string(message, "frame"));
    /* Exactly as large as the message, so that a sanitizer sees what reads beyond it. */
    uint8_t *exact = malloc(frame.size > 0 ? frame.size : 1);
    memcpy(exact, frame.data, frame.size);
    free(frame.data);
    frame.data = exact;
    bool is_reply = strcmp(string(message, "direction"), "reply") == 0;
    (json_is_true(json_object_get(message, "valid")) ? run_valid : run_invalid)(
        message, string(message, "name"), is_reply, &frame, tally);
    free(frame.data);
    json_decref(message);
}

static void run_directory(const char *directory, const char *part, struct tally *tally) {
    char path[4096];
    struct dirent **entries;
    snprintf(path, sizeof path, "%s/%s", directory, part);
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (strstr(entries[i]->d_name, ".json") != NULL) {
            snprintf(path, sizeof path, "%s/%s/%s", directory, part, entries[i]->d_name);
            run_file(path, tally);
        }
        free(entries[i]);
    }
    if (count >= 0) free(entries);
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: vectors DIRECTORY\n");
        return 64;
    }
    struct tally tally = {0};
    run_directory(arguments[1], "valid", &tally);
    run_directory(arguments[1], "invalid", &tally);
    fprintf(
        stderr, "%d of %d requests have the client's own choices\n", tally.chosen, tally.requests);
    printf(
        "RESULT valid-encoded %d/%d valid-decoded %d/%d invalid-refused %d/%d\n", tally.encoded,
        tally.valid, tally.decoded, tally.valid, tally.refused, tally.invalid);
    bool is_good = tally.encoded == tally.valid && tally.decoded == tally.valid
        && tally.refused == tally.invalid && tally.valid > 0 && tally.invalid > 0;
    return is_good ? 0 : 1;
}
