/*
 * Assigns batches that stand on the standard input, one at a time:
 * `worker ENDPOINT[,ENDPOINT...] PROPERTY PRODUCER SEQUENCE`.
 *
 * A batch is lines of `time  visitor  kind  page  channel  campaign  value`, parted by tabs and
 * ended by an empty line. The answer is a line for each event and each revision, or one line that
 * begins with `error`, and an empty line.
 */
#define _POSIX_C_SOURCE 200809L
#include "sojourn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 7 };

static void print_error(const sojourn_error *error) {
    const char *name = error->result == SOJOURN_REFUSED ? sojourn_code_name(error->code)
                                                        : sojourn_result_name(error->result);
    printf("error\t%s\t%s\n\n", name, error->message);
    fflush(stdout);
}

/* Cuts a line at its tabs; missing fields are empty. */
static void split(char *line, char *fields[FIELDS]) {
    line[strcspn(line, "\r\n")] = 0;
    for (int i = 0; i < FIELDS; i++) {
        fields[i] = line;
        line += strcspn(line, "\t");
        if (*line != 0) *line++ = 0;
    }
}

static sojourn_result add_line(sojourn_batch *batch, char *line, sojourn_error *error) {
    char *fields[FIELDS], *end;
    split(line, fields);
    sojourn_context context = {0};
    context.attributes[SOJOURN_CHANNEL] = sojourn_string(fields[4]);
    context.attributes[SOJOURN_CAMPAIGN_NAME] = sojourn_string(fields[5]);
    sojourn_event event = {0};
    event.time = strtoll(fields[0], &end, 10);
    if (end == fields[0] || *end != 0) event.time = -1;
    event.visitor = sojourn_string(fields[1]);
    event.kind = sojourn_kind_code(fields[2]);
    event.name = sojourn_string(fields[3]);
    if (*fields[4] != 0 || *fields[5] != 0) event.context = &context;
    if (*fields[6] != 0) {
        sojourn_result result = sojourn_value_from_text(fields[6], &event.value, error);
        if (result != SOJOURN_OK) return result;
    }
    return sojourn_batch_add(batch, &event, error);
}

static void print_code(const char *name, unsigned code) {
    if (name != NULL) printf("%s", name);
    else printf("%u", code);
}

static void print_answer(const sojourn_answer *answer) {
    char id[SOJOURN_UUID_TEXT], into[SOJOURN_UUID_TEXT];
    sojourn_assignment assignment;
    for (size_t i = 0; sojourn_answer_get(answer, i, &assignment); i++) {
        strcpy(id, "-");
        if (assignment.session_row != SOJOURN_NO_SESSION)
            sojourn_uuid_text(&assignment.session.id, id);
        printf("%s\t%" PRIu32 "\t%" PRIu32 "\t", id, assignment.session.ordinal,
               assignment.position);
        print_code(sojourn_outcome_name(assignment.outcome), assignment.outcome);
        printf("\n");
    }
    sojourn_revision revision;
    for (size_t i = 0; sojourn_answer_revision(answer, i, &revision); i++) {
        sojourn_uuid_text(&revision.from, id);
        sojourn_uuid_text(&revision.into, into);
        printf("revision\t%" PRIu64 "\t%s\t%s\t", revision.number, id, into);
        print_code(sojourn_cause_name(revision.cause), revision.cause);
        printf("\n");
    }
    printf("\n");
    fflush(stdout);
}

static void send_batch(
    sojourn_client *client, uint32_t property, sojourn_batch *batch, uint64_t sequence) {
    sojourn_answer *answer = NULL;
    sojourn_error error;
    sojourn_set_next_sequence(client, sequence);
    if (sojourn_assign(client, property, batch, &answer, &error) == SOJOURN_OK)
        print_answer(answer);
    else
        print_error(&error);
    sojourn_answer_free(answer);
}

static void serve(sojourn_client *client, uint32_t property, uint64_t sequence) {
    sojourn_batch *batch = sojourn_batch_new();
    sojourn_error error, first_error;
    bool has_error = false, has_lines = false;
    char *line = NULL;
    size_t capacity = 0;
    for (;;) {
        bool is_end = getline(&line, &capacity, stdin) < 0;
        bool is_empty = is_end || strcspn(line, "\r\n") == 0;
        if (is_empty && (has_lines || !is_end)) {
            /* A batch that cannot be sent has its number all the same. */
            if (has_error) print_error(&first_error);
            else send_batch(client, property, batch, sequence);
            sequence++;
            sojourn_batch_clear(batch);
            has_error = has_lines = false;
        }
        if (is_end) break;
        if (is_empty) continue;
        has_lines = true;
        if (add_line(batch, line, &error) != SOJOURN_OK && !has_error) {
            has_error = true;
            first_error = error;
        }
    }
    free(line);
    sojourn_batch_free(batch);
}

int main(int count, char **arguments) {
    if (count != 5) {
        fprintf(stderr, "usage: worker ENDPOINT[,ENDPOINT...] PROPERTY PRODUCER SEQUENCE\n");
        return 64;
    }
    sojourn_options options;
    sojourn_options_init(&options);
    options.producer = strtoull(arguments[3], NULL, 10);
    options.first_sequence = strtoull(arguments[4], NULL, 10);
    sojourn_client *client = NULL;
    sojourn_error error;
    if (sojourn_connect(&client, arguments[1], &options, &error) != SOJOURN_OK) {
        print_error(&error);
        return 69;
    }
    serve(client, (uint32_t)strtoul(arguments[2], NULL, 10), options.first_sequence);
    sojourn_free(client);
    return 0;
}
